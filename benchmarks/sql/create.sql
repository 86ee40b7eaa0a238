-- The database alone, with the steps of POST /reservations (reservations/lifecycle/hold_statement.py)
-- in one statement: look, lock, allocation, reservation, event, durable commit. Every slot of the plan
-- (benchmarks/plan.py) is free and visited once.
\set turn :turn + 1
\set slot ((:offset + :turn * :clients + :client_id) * :stride) % :slots
\set unit :first_unit + :slot % :units
\set minutes (:first_gap + :slot / :units / :in_gap) * :period + 120 + 120 * (:slot / :units % :in_gap)
WITH wish AS (
    SELECT :base::timestamptz + :minutes * interval '1 minute' AS starts_at,
           :base::timestamptz + (:minutes + 120) * interval '1 minute' AS ends_at,
           clock_timestamp() AS now
), unit AS MATERIALIZED (
    SELECT found.id
    FROM unnest(ARRAY[:unit]::bigint[]) AS wanted(id)
    CROSS JOIN LATERAL (
        SELECT unit.id FROM venues_resource AS unit
        WHERE unit.id = wanted.id AND unit.retired_at IS NULL AND NOT EXISTS (
            SELECT FROM reservations_allocation AS other
            WHERE other.resource_id = wanted.id AND other.is_live
            AND tstzrange(other.starts_at, other.ends_at, '[)') && tstzrange(
                :base::timestamptz + :minutes * interval '1 minute',
                :base::timestamptz + (:minutes + 120) * interval '1 minute')
        )
        FOR NO KEY UPDATE OF unit SKIP LOCKED
    ) AS found
    WHERE EXISTS (
        SELECT FROM venues_venue AS venue
        WHERE venue.id = :venue AND venue.revision = :revision AND venue.is_active
    )
    LIMIT 1
), taken AS (
    INSERT INTO reservations_allocation
        (venue_id, resource_id, reservation_id, reason, starts_at, ends_at,
         is_live, is_locked, lapses_at)
    SELECT :venue, unit.id,
        nextval(pg_get_serial_sequence('reservations_reservation', 'id')),
        '', starts_at, ends_at, true, true, now + interval '1 day'
    FROM unit, wish
    ON CONFLICT ON CONSTRAINT allocation_no_overlap DO NOTHING
    RETURNING id, resource_id, reservation_id
), made AS (
    INSERT INTO reservations_reservation (
        id, venue_id, category_id, partner, code, version, first_name, last_name, phone, email,
        guest_count, receive_email_updates, receive_phone_call, receive_text_notification, occasion,
        vehicle_plate, remarks, starts_at, ends_at, is_arrival_assumed, is_departure_assumed,
        is_no_show_released, price_minor, paid_minor, currency, cancel_free_until, cancel_fee_minor,
        created_at, hold_expires_at, no_show_at, tariff,
        search_text, promised_local, language)
    SELECT reservation_id, :venue, :category, 'bench', upper(substr(md5(random()::text), 1, 10)), 1,
           'Ada', 'Lovelace', '+31201234567', 'ada@example.com', 1, true, true, false, '', '', '',
           starts_at, ends_at, false, false, false, 2000, 0, 'EUR', starts_at, 0, now,
           now + interval '1 day', starts_at + interval '1 hour',
           '{"by_use": false, "rates": [{"unit": "hour", "amount_minor": 1000}]}', ' ada lovelace 31201234567 example com ',
           to_char(starts_at, 'YYYY-MM-DD"T"HH24MISS') || '/' || to_char(ends_at, 'YYYY-MM-DD"T"HH24MISS') || '[UTC]', 'en'
    FROM taken, wish
), told AS (
    INSERT INTO reservations_event
        (venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
    SELECT :venue, reservation_id, 'reservation.created', now, now,
           'partner' || chr(58) || 'bench', 'partner', '{}', false
    FROM taken, wish
    RETURNING id
)
SELECT reservation_id AS reservation, resource_id, id, ARRAY(SELECT id FROM told) AS told
FROM taken \gset
