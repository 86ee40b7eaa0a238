-- Fills the venue :venue with :rows reservations of :stay, evenly over :units units
-- and the year from :base; the constraint checks every row. Each has the rows that a create writes.
SET synchronous_commit = off;
-- Foreign keys are true by construction here; asking a million times takes minutes.
SET session_replication_role = replica;

-- An index of pieces is built in half the time after the rows.
DROP INDEX IF EXISTS reservation_searched;

CREATE TEMPORARY TABLE wanted AS
SELECT number,
       %(first_unit)s + number %% %(units)s AS resource_id,
       %(base)s::timestamptz + (number / %(units)s) * %(period)s
           + (number %% %(units)s) * %(stagger)s AS starts_at
FROM generate_series(0::bigint, %(rows)s::bigint - 1) AS number;

INSERT INTO reservations_reservation (
    id, venue_id, category_id, partner, code, version, first_name, last_name, phone, email,
    guest_count, receive_email_updates, receive_phone_call, receive_text_notification, occasion,
    vehicle_plate, remarks, starts_at, ends_at, is_arrival_assumed, is_departure_assumed,
    is_no_show_released, price_minor, paid_minor, currency, cancel_free_until, cancel_fee_minor,
    created_at, no_show_at, confirmed_at, hold_expires_at, tariff, search_text)
SELECT number + 1, %(venue)s, %(category)s, 'bench', 'S' || lpad(to_hex(number), 9, '0'), 1, 'Ada',
       'Jansen' || lpad((number %% 500)::text, 3, '0'), '+3120' || lpad((number %% 10000000)::text, 7, '0'), 'ada@example.com', 1, true,
       true, false, '', '', '', starts_at, starts_at + %(stay)s, false, false, false,
       2000, 0, 'EUR', starts_at, 0, %(base)s::timestamptz - interval '1 day',
       starts_at + interval '1 hour', %(confirmed_at)s, %(lapses_at)s,
       '{"by_use": false, "rates": [{"unit": "hour", "amount_minor": 1000}]}',
       ' ada jansen' || lpad((number %% 500)::text, 3, '0') || ' 3120'
           || lpad((number %% 10000000)::text, 7, '0') || ' example com s'
           || lpad(to_hex(number), 9, '0') || ' '
FROM wanted;

INSERT INTO reservations_allocation (
    venue_id, resource_id, reservation_id, reason, starts_at, ends_at, is_live, is_locked,
    lapses_at)
SELECT %(venue)s, resource_id, number + 1, '', starts_at, starts_at + %(stay)s, true, true,
       %(lapses_at)s
FROM wanted;

INSERT INTO reservations_event (
    venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited, dispatched_at)
SELECT %(venue)s, number + 1, 'reservation.created', made, made, 'partner:bench', 'partner', '{}',
       false, made
FROM wanted, (SELECT %(base)s::timestamptz - interval '1 day' AS made) AS then_;

SELECT setval(pg_get_serial_sequence('reservations_reservation', 'id'), %(rows)s);
DROP TABLE wanted;
RESET session_replication_role;

CREATE INDEX reservation_searched ON reservations_reservation USING gin (search_text gin_trgm_ops);
