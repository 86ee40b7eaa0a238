-- The database alone sells the first free unit. A client that loses a unit between its look and its
-- lock starts again: bench_again() raises an error after which pgbench retries with the same variables.
\set range :first_range + :turn / :each
BEGIN;
SELECT starts_at AS start FROM bench_range WHERE id = :range \gset
-- Live rows of one unit do not overlap, so only the first one to end matters.
SELECT coalesce((
    SELECT id FROM venues_resource AS unit
    WHERE venue_id = :venue AND category_id = :category AND retired_at IS NULL AND NOT EXISTS (
        SELECT FROM (
            SELECT starts_at FROM reservations_allocation
            WHERE resource_id = unit.id AND is_live AND ends_at > :start
              AND (lapses_at IS NULL OR lapses_at > clock_timestamp())
            ORDER BY ends_at LIMIT 1) AS next
        WHERE starts_at < :start::timestamptz + interval '2 hours')
    ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED), bench_again()) AS unit \gset
INSERT INTO reservations_reservation (
    venue_id, category_id, partner, code, version, first_name, last_name, phone, email,
    guest_count, receive_email_updates, receive_phone_call, receive_text_notification, occasion,
    vehicle_plate, remarks, starts_at, ends_at, is_arrival_assumed, is_departure_assumed,
    is_no_show_released, price_minor, paid_minor, currency, cancel_free_until, cancel_fee_minor,
    created_at, hold_expires_at, no_show_at, tariff,
    search_text, promised_local, language)
SELECT :venue, :category, 'bench', upper(substr(md5(random()::text), 1, 10)), 1, 'Ada', 'Lovelace',
       '+31201234567', 'ada@example.com', 1, true, true, false, '', '', '', starts_at,
       starts_at + interval '2 hours', false, false, false, 2000, 0, 'EUR', starts_at, 0,
       clock_timestamp(), clock_timestamp() + interval '1 day', starts_at + interval '1 hour',
       '{"by_use": false, "rates": [{"unit": "hour", "amount_minor": 1000}]}', ' ada lovelace 31201234567 example com ',
       to_char(starts_at, 'YYYY-MM-DD"T"HH24MISS') || '/' || to_char(starts_at + interval '2 hours', 'YYYY-MM-DD"T"HH24MISS') || '[UTC]', 'en'
FROM (SELECT :start::timestamptz AS starts_at) AS wanted
RETURNING id AS reservation \gset
WITH made AS (
    INSERT INTO reservations_allocation (
        venue_id, resource_id, reservation_id, reason, starts_at, ends_at, is_live, is_locked,
        lapses_at)
    VALUES (:venue, :unit, :reservation, '', :start, :start::timestamptz + interval '2 hours', true,
            false, clock_timestamp() + interval '1 day')
    ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING
    RETURNING id)
SELECT coalesce((SELECT id FROM made), bench_again()) AS taken \gset
INSERT INTO reservations_event (
    venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
VALUES (:venue, :reservation, 'reservation.created', clock_timestamp(), clock_timestamp(),
        'partner' || chr(58) || 'bench', 'partner', '{}', false);
COMMIT;
\set turn :turn + 1
