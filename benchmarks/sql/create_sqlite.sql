BEGIN IMMEDIATE;
INSERT INTO reservations_reservation (
    venue_id, category_id, partner, code, version, first_name, last_name, phone, email,
    guest_count, receive_email_updates, receive_phone_call, receive_text_notification, occasion,
    vehicle_plate, remarks, starts_at, ends_at, is_arrival_assumed, is_departure_assumed,
    is_no_show_released, price_minor, paid_minor, currency, cancel_free_until, cancel_fee_minor,
    created_at, hold_expires_at, no_show_at, tariff,
    search_text, promised_local, language)
VALUES (:venue, :category, 'bench', substr(hex(randomblob(5)), 1, 10), 1, 'Ada', 'Lovelace',
        '+31201234567', 'ada@example.com', 1, 1, 1, 0, '', '', '', :starts_at, :ends_at, 0, 0, 0,
        2000, 0, 'EUR', :starts_at, 0, :now, :lapses_at, :no_show_at,
        '{"by_use": false, "rates": [{"unit": "hour", "amount_minor": 1000}]}', ' ada lovelace 31201234567 example com ',
        :starts_at || '/' || :ends_at || '[UTC]', 'en');
INSERT INTO reservations_allocation (
    venue_id, resource_id, reservation_id, reason, starts_at, ends_at, is_live, is_locked,
    lapses_at)
VALUES (:venue, :unit, last_insert_rowid(), '', :starts_at, :ends_at, 1, 1, :lapses_at);
INSERT INTO reservations_event (
    venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
SELECT :venue, reservation_id, 'reservation.created', :now, :now, 'partner:bench', 'partner', '{}', 0
FROM reservations_allocation WHERE id = last_insert_rowid();
COMMIT
