INSERT INTO contact.contact (organization_id, first_name, last_name, title, organization_name, contact_type, status,
    source, notes, tags)
-- Demonstration contacts of the organization $1: 200, unless it has some already. The step of 7 makes each pair of a first
-- and a last name differ, for 20 and 17 have no common factor.
SELECT $1::uuid, p.first_names[n % 20 + 1], p.last_names[n * 7 % 17 + 1], p.titles[n % 7 + 1],
    p.companies[n % 9 + 1],
    (ARRAY['PRIMARY', 'BILLING', 'SHIPPING', 'SUPPORT', 'SALES', 'OTHER'])[n % 6 + 1],
    CASE WHEN n % 29 = 0 THEN 'do_not_contact' WHEN n % 17 = 0 THEN 'inactive' ELSE 'active' END,
    'demo',
    CASE WHEN n % 8 = 0 THEN 'Met at the trade fair.' ELSE '' END,
    CASE WHEN n % 5 = 0 THEN ARRAY['newsletter'] ELSE ARRAY[]::text[] END
FROM generate_series(0, 199) AS n
CROSS JOIN (VALUES (
    '{Anna,Bilal,Chen,Daniela,Emil,Fatma,Georg,Hana,Ivan,Julia,Karim,Lena,Marco,Nora,Oskar,Priya,Quentin,Rosa,Sven,Tomás}'::text[],
    '{Almeida,Becker,Costa,Dubois,Eriksson,Fischer,García,Hansen,Ito,Jansen,Kowalski,Larsen,Müller,Nguyen,O''Brien,Popescu,Rossi}'::text[],
    '{Buyer,Head of purchasing,Accountant,Warehouse manager,Production planner,Managing director,""}'::text[],
    '{Initech,Umbrella Logistics,Stark Maschinenbau,Wayne Handels GmbH,Hooli,Soylent Foods,Tyrell Robotics,Cyberdyne Electric,Wonka Packaging}'::text[]
)) AS p (first_names, last_names, titles, companies)
WHERE NOT EXISTS (SELECT 1 FROM contact.contact WHERE organization_id = $1::uuid AND source = 'demo')
ORDER BY n
