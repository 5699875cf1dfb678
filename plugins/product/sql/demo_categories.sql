INSERT INTO product.category (organization_id, id, name, slug, description)
-- Demonstration categories of the organization $1, which has the number $2 in a large demonstration, 0: in none.
SELECT $1::uuid, CASE WHEN $2::int = 0 THEN alees.new_id()
    ELSE format('01930003-%s-7000-8000-%s', lpad(to_hex($2::int), 4, '0'), lpad(to_hex(c.n), 12, '0'))::uuid END,
    c.name, c.slug, c.description
FROM (VALUES
    (1, 'Fasteners',     'fasteners',     'Bolts, nuts, screws and washers'),
    (2, 'Tools',         'tools',         'Hand tools and machine tools'),
    (3, 'Raw materials', 'raw-materials', 'Sheets, bars and granules'),
    (4, 'Electrical',    'electrical',    'Cables, switches and sensors'),
    (5, 'Paints and chemicals', 'paints-and-chemicals', 'Coatings, adhesives, cleaners'),
    (6, 'Packaging',     'packaging',     'Boxes, films and pallets'),
    (7, 'Services',      'services',      'Work that we do for customers')
) AS c (n, name, slug, description)
ON CONFLICT DO NOTHING
