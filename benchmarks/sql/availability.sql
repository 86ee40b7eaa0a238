-- The bare query of GET …/availability: the venue, its category and rate, and the free units.
-- It reads the live allocations of the range from the same index as the product.
\set day random(11, 360)
SELECT unit.id, unit.name, unit.floor, category.code, category.name, rate.amount_minor
FROM venues_venue AS venue
JOIN venues_resource AS unit ON unit.venue_id = venue.id AND unit.retired_at IS NULL
JOIN venues_category AS category ON category.id = unit.category_id
LEFT JOIN venues_rate AS rate ON rate.category_id = category.id
WHERE venue.slug = 'bench' AND unit.capacity >= 1 AND unit.id NOT IN (
    SELECT resource_id FROM reservations_allocation AS taken
    WHERE taken.venue_id = (SELECT id FROM venues_venue WHERE slug = 'bench') AND taken.is_live
      AND (taken.lapses_at IS NULL OR taken.lapses_at > clock_timestamp())
      AND tstzrange(taken.starts_at, taken.ends_at) && tstzrange(
          :base::timestamptz + :day * interval '1 day' + interval '12 hours',
          :base::timestamptz + :day * interval '1 day' + interval '14 hours'));
