-- The bare query of GET …/availability: the venue, its category and rate, and the free units.
-- Live rows of one unit do not overlap, so that the first to end is the only one to look at.
\set day random(11, 360)
SELECT unit.id, unit.name, unit.floor, category.code, category.name, rate.amount_minor
FROM venues_venue AS venue
JOIN venues_resource AS unit ON unit.venue_id = venue.id AND unit.retired_at IS NULL
JOIN venues_category AS category ON category.id = unit.category_id
LEFT JOIN venues_rate AS rate ON rate.category_id = category.id
WHERE venue.slug = 'bench' AND unit.capacity >= 1 AND NOT EXISTS (
    SELECT FROM (
        SELECT starts_at FROM reservations_allocation
        WHERE resource_id = unit.id AND is_live
          AND ends_at > :base::timestamptz + :day * interval '1 day'
          AND (lapses_at IS NULL OR lapses_at > clock_timestamp())
        ORDER BY ends_at LIMIT 1) AS next
    WHERE starts_at < :base::timestamptz + :day * interval '1 day' + interval '2 hours');
