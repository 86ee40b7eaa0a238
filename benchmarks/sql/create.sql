-- The database alone doing what POST /reservations writes: lock, look, reservation, allocation,
-- event, committed durably. Every slot of the plan (benchmarks/plan.py) is free, and visited once.
\set turn :turn + 1
\set slot ((:offset + :turn * :clients + :client_id) * :stride) % :slots
\set unit :first_unit + :slot % :units
\set minutes (:first_gap + :slot / :units / :in_gap) * :period + 120 + 120 * (:slot / :units % :in_gap)
BEGIN;
SELECT id FROM venues_resource WHERE id = :unit FOR NO KEY UPDATE;
SELECT id FROM reservations_allocation
WHERE resource_id = :unit AND is_live
  AND tstzrange(starts_at, ends_at, '[)') && tstzrange(
      :base::timestamptz + :minutes * interval '1 minute',
      :base::timestamptz + (:minutes + 120) * interval '1 minute', '[)')
  AND (lapses_at IS NULL OR lapses_at > clock_timestamp());
INSERT INTO reservations_reservation (
    venue_id, category_id, partner, code, version, first_name, last_name, phone, email,
    guest_count, receive_email_updates, receive_phone_call, receive_text_notification, occasion,
    vehicle_plate, remarks, starts_at, ends_at, is_arrival_assumed, is_departure_assumed,
    is_no_show_released, price_minor, paid_minor, currency, cancel_free_until, cancel_fee_minor,
    created_at, hold_expires_at, no_show_at, tariff)
SELECT :venue, :category, 'bench', upper(substr(md5(random()::text), 1, 10)), 1, 'Ada', 'Lovelace',
       '+31201234567', 'ada@example.com', 1, true, true, false, '', '', '', starts_at,
       starts_at + interval '2 hours', false, false, false, 2000, 0, 'EUR', starts_at, 0,
       clock_timestamp(), clock_timestamp() + interval '1 day', starts_at + interval '1 hour',
       '{"by_use": false, "rates": [{"unit": "hour", "amount_minor": 1000}]}'
FROM (SELECT :base::timestamptz + :minutes * interval '1 minute' AS starts_at) AS wanted
RETURNING id AS reservation \gset
INSERT INTO reservations_allocation (
    venue_id, resource_id, reservation_id, reason, starts_at, ends_at, is_live, is_locked,
    lapses_at)
VALUES (:venue, :unit, :reservation, '', :base::timestamptz + :minutes * interval '1 minute',
        :base::timestamptz + (:minutes + 120) * interval '1 minute', true, true,
        clock_timestamp() + interval '1 day')
ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING
RETURNING id AS taken \gset
INSERT INTO reservations_event (
    venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
VALUES (:venue, :reservation, 'reservation.created', clock_timestamp(), clock_timestamp(),
        'partner' || chr(58) || 'bench', 'partner', '{}', false);
COMMIT;
