-- Demonstration definitions for those resources that are among $2: for all organizations ($1 is NULL), or those of the
-- organization $1 alone, which is Acme.
INSERT INTO custom.custom_field_definition (organization_id, resource, key, label, type, choices, min, max, description)
SELECT $1::uuid, d.resource, d.key, d.label, d.type, d.choices, d.min, d.max, d.description
FROM (VALUES
    (false, 'product.product', 'weight_kg', 'Weight in kg', 'decimal', '{}'::text[], 0, NULL,
        'Of one unit, with its packaging.'),
    (false, 'product.product', 'storage', 'Storage', 'choice', '{dry,cool,outdoors}', NULL, NULL, 'Where it can be kept.'),
    (false, 'contact.contact', 'preferred_language', 'Preferred language', 'choice', '{de,en,es,fr}', NULL, NULL,
        'In which to write to them.'),
    (false, 'contact.contact', 'customer_since', 'Customer since', 'date', '{}', NULL, NULL, ''),
    (true, 'product.product', 'shelf', 'Shelf', 'text', '{}', 1, 20, 'In the warehouse in London.'),
    (true, 'product.product', 'is_fragile', 'Fragile', 'boolean', '{}', NULL, NULL, ''),
    (true, 'contact.contact', 'discount_percent', 'Discount in percent', 'integer', '{}', 0, 100, '')
) AS d (is_own, resource, key, label, type, choices, min, max, description)
WHERE d.is_own = ($1::uuid IS NOT NULL) AND d.resource = ANY ($2::text[])
ON CONFLICT DO NOTHING
