-- The bare statement for 100,000 lapsed holds: it expires them, frees their units and writes events.
WITH expired AS (
    UPDATE reservations_reservation
    SET expired_at = hold_expires_at, version = version + 1
    WHERE confirmed_at IS NULL AND expired_at IS NULL AND cancelled_at IS NULL
      AND hold_expires_at <= now()
    RETURNING id, venue_id, expired_at
), freed AS (
    UPDATE reservations_allocation SET is_live = false
    FROM expired WHERE reservation_id = expired.id AND is_live
)
INSERT INTO reservations_event (
    venue_id, reservation_id, name, at, recorded_at, by, by_kind, data, is_limited)
SELECT venue_id, id, 'reservation.expired', expired_at, now(), 'sweep', 'system', '{}', false
FROM expired;
