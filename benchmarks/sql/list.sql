-- The queries that feed GET /reservations?limit=100 of a partner: the page, and its units.
\set last random(1000, :rows)
SELECT reservation.*, venue.*, category.code
FROM reservations_reservation AS reservation
JOIN venues_venue AS venue ON venue.id = reservation.venue_id
JOIN venues_category AS category ON category.id = reservation.category_id
WHERE partner = 'bench' AND reservation.id < :last
ORDER BY reservation.id DESC LIMIT 101;
SELECT taken.*, unit.*
FROM reservations_allocation AS taken JOIN venues_resource AS unit ON unit.id = taken.resource_id
WHERE reservation_id IN (
    SELECT id FROM reservations_reservation
    WHERE partner = 'bench' AND id < :last ORDER BY id DESC LIMIT 101)
ORDER BY taken.id;
