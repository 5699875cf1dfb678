-- Demonstration contacts of the organization $1: 200, unless it has some already; each with an e-mail address, two of three
-- with a telephone number, one of two with an address. The step of 7 makes each pair of a first and a last name differ, for
-- 20 and 17 have no common factor. The last has the e-mail address of the first: they are duplicates. One of ten has values
-- of the custom fields that the server's own part of the demonstration defines: discount_percent is Acme's.
WITH p (first_names, last_names, titles, companies, domains, places) AS (VALUES (
    '{Anna,Bilal,Chen,Daniela,Emil,Fatma,Georg,Hana,Ivan,Julia,Karim,Lena,Marco,Nora,Oskar,Priya,Quentin,Rosa,Sven,Tomás}'::text[],
    '{Almeida,Becker,Costa,Dubois,Eriksson,Fischer,García,Hansen,Ito,Jansen,Kowalski,Larsen,Müller,Nguyen,O''Brien,Popescu,Rossi}'::text[],
    '{Buyer,Head of purchasing,Accountant,Warehouse manager,Production planner,Managing director,""}'::text[],
    '{Initech,Umbrella Logistics,Stark Maschinenbau,Wayne Handels GmbH,Hooli,Soylent Foods,Tyrell Robotics,Cyberdyne Electric,Wonka Packaging}'::text[],
    '{initech,umbrella,stark,wayne,hooli,soylent,tyrell,cyberdyne,wonka}'::text[],
    '{{Unter den Linden,Berlin,BE,10117,DE},{Kaufinger Straße,München,BY,80331,DE},{Rue de Rivoli,Paris,IDF,75001,FR},{Market Street,Leeds,"",LS1 6DT,GB},{Kärntner Straße,Wien,"",1010,AT}}'::text[]
)), person AS MATERIALIZED (
    SELECT alees.new_id() AS id, n, p.first_names[n % 20 + 1] AS first_name, p.last_names[n * 7 % 17 + 1] AS last_name
    FROM generate_series(0, 199) AS n, p
    WHERE NOT EXISTS (SELECT 1 FROM contact.contact WHERE organization_id = $1::uuid AND source = 'demo')
    ORDER BY n
), contact AS (
    INSERT INTO contact.contact (organization_id, id, first_name, last_name, title, organization_name, contact_type, status,
        source, notes, tags, custom_fields)
    SELECT $1::uuid, id, first_name, last_name, p.titles[n % 7 + 1], p.companies[n % 9 + 1],
        (ARRAY['PRIMARY', 'BILLING', 'SHIPPING', 'SUPPORT', 'SALES', 'OTHER'])[n % 6 + 1],
        CASE WHEN n % 29 = 0 THEN 'do_not_contact' WHEN n % 17 = 0 THEN 'inactive' ELSE 'active' END,
        'demo',
        CASE WHEN n % 8 = 0 THEN 'Met at the trade fair.' ELSE '' END,
        CASE WHEN n % 5 = 0 THEN ARRAY['newsletter'] ELSE ARRAY[]::text[] END,
        CASE WHEN n % 10 > 0 THEN '{}' ELSE jsonb_build_object('preferred_language', (ARRAY['de', 'en', 'es', 'fr'])[n / 10 % 4 + 1],
            'customer_since', date '2019-01-01' + n * 11) END
            || CASE WHEN n % 20 = 0 AND $1::uuid = '01930000-0000-7000-8000-000000000001'
                THEN jsonb_build_object('discount_percent', n / 20) ELSE '{}' END
    FROM person, p
), phone_number AS (
    INSERT INTO contact.phone_number (organization_id, contact_id, number, type, is_primary)
    SELECT $1::uuid, id, '+4930901' || 1000 + n, (ARRAY['work', 'mobile', 'home'])[n % 3 + 1], true
    FROM person WHERE n % 3 < 2
), address AS (
    INSERT INTO contact.address (organization_id, contact_id, street_address_1, city, state_province, postal_code, country,
        type, is_primary)
    SELECT $1::uuid, id, p.places[n % 5 + 1][1] || ' ' || n % 90 + 1, p.places[n % 5 + 1][2], p.places[n % 5 + 1][3],
        p.places[n % 5 + 1][4], p.places[n % 5 + 1][5], (ARRAY['billing', 'shipping'])[n / 2 % 2 + 1], true
    FROM person, p WHERE n % 2 = 0
)
INSERT INTO contact.email_address (organization_id, contact_id, email, type, is_primary)
SELECT $1::uuid, id, CASE WHEN n = 199 THEN 'Anna.Almeida@initech.example'
    ELSE translate(lower(first_name || '.' || last_name), 'áíü''', 'aiu') || '@' || p.domains[n % 9 + 1] || '.example' END,
    CASE WHEN n % 4 = 3 THEN 'home' ELSE 'work' END, true
FROM person, p
