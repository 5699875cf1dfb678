-- 500 contacts of the organization $1, number $2 in a large demonstration, unless it has some already; each with an e-mail
-- address, one of ten with values of custom fields.
WITH p (first_names, last_names, companies) AS (VALUES (
    '{Anna,Bilal,Chen,Daniela,Emil,Fatma,Georg,Hana,Ivan,Julia,Karim,Lena,Marco,Nora,Oskar,Priya,Quentin,Rosa,Sven,Tomás}'::text[],
    '{Almeida,Becker,Costa,Dubois,Eriksson,Fischer,García,Hansen,Ito,Jansen,Kowalski,Larsen,Müller,Nguyen,O''Brien,Popescu,Rossi}'::text[],
    '{Initech,Umbrella Logistics,Stark Maschinenbau,Wayne Handels GmbH,Hooli,Soylent Foods,Tyrell Robotics,Cyberdyne Electric,Wonka Packaging}'::text[]
)), person AS MATERIALIZED (
    SELECT n, format('%s-7000-8000-%s', lpad(to_hex($2::int), 4, '0'), lpad(to_hex(n), 12, '0')) AS id
    FROM generate_series(0, 499) AS n
    WHERE NOT EXISTS (SELECT FROM contact.contact WHERE organization_id = $1::uuid)
    ORDER BY n
), contact AS (
    INSERT INTO contact.contact (organization_id, id, first_name, last_name, title, organization_name, contact_type, status,
        source, tags, custom_fields)
    SELECT $1::uuid, ('01930005-' || id)::uuid,
        p.first_names[n % 20 + 1], p.last_names[n * 7 % 17 + 1] || CASE WHEN n < 340 THEN '' ELSE ' ' || n / 340 END,
        (ARRAY['Buyer', 'Accountant', 'Planner', ''])[n % 4 + 1], p.companies[n % 9 + 1],
        (ARRAY['PRIMARY', 'BILLING', 'SHIPPING', 'SUPPORT', 'SALES', 'OTHER'])[n % 6 + 1],
        CASE WHEN n % 29 = 0 THEN 'do_not_contact' WHEN n % 17 = 0 THEN 'inactive' ELSE 'active' END,
        'demo', CASE WHEN n % 5 = 0 THEN ARRAY['newsletter'] ELSE ARRAY[]::text[] END,
        CASE WHEN n % 10 > 0 THEN '{}' ELSE jsonb_build_object('preferred_language', (ARRAY['de', 'en', 'es', 'fr'])[n / 10 % 4 + 1],
            'customer_since', date '2019-01-01' + n * 5) END
    FROM person, p
)
INSERT INTO contact.email_address (organization_id, id, contact_id, email, is_primary)
SELECT $1::uuid, ('01930006-' || id)::uuid, ('01930005-' || id)::uuid, 'contact' || n || '@company' || $2::int || '.example', true
FROM person
