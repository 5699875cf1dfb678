INSERT INTO product.category (organization_id, name, slug, description)
-- Demonstration categories of the organization $1.
SELECT $1::uuid, c.name, c.slug, c.description
FROM (VALUES
    ('Fasteners',     'fasteners',     'Bolts, nuts, screws and washers'),
    ('Tools',         'tools',         'Hand tools and machine tools'),
    ('Raw materials', 'raw-materials', 'Sheets, bars and granules'),
    ('Electrical',    'electrical',    'Cables, switches and sensors'),
    ('Paints and chemicals', 'paints-and-chemicals', 'Coatings, adhesives, cleaners'),
    ('Packaging',     'packaging',     'Boxes, films and pallets'),
    ('Services',      'services',      'Work that we do for customers')
) AS c (name, slug, description)
ON CONFLICT DO NOTHING
