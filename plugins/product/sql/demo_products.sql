INSERT INTO product.product (organization_id, id, name, sku, description, product_type, category_id, status, base_uom_id,
    is_inventory_tracked, is_purchasable, is_sellable, tags, attributes, custom_fields)
-- Demonstration products of the organization $1: 20 kinds, each in 5 sizes and 5 variants, are 500. With a number $2 it is one
-- of a large demonstration: 1,000, the second half in bulk, unless it has some already. One of ten has values of the custom
-- fields that the server's own part of the demonstration defines (core/sql/custom_demo.sql): is_fragile and shelf are Acme's.
SELECT $1::uuid,
    CASE WHEN $2::int = 0 THEN alees.new_id()
        ELSE format('01930004-%s-7000-8000-%s', lpad(to_hex($2::int), 4, '0'), lpad(to_hex(n), 12, '0'))::uuid END,
    kind.name || ' ' || kind.sizes[n / 20 % 5 + 1] || ' ' || kind.variants[n / 100 % 5 + 1]
        || CASE WHEN n < 500 THEN '' ELSE ', bulk' END,
    kind.prefix || '-' || lpad((n / 20 + 1)::text, 3, '0'),
    kind.name || ', ' || kind.variants[n / 100 % 5 + 1] || ', size ' || kind.sizes[n / 20 % 5 + 1] || '.',
    kind.product_type,
    category.id,
    CASE WHEN n % 37 = 0 THEN 'draft' WHEN n % 41 = 0 THEN 'discontinued' WHEN n % 97 = 0 THEN 'end_of_life'
        ELSE 'active' END,
    unit.id,
    kind.product_type NOT IN ('SERVICE', 'DIGITAL'),
    kind.product_type NOT IN ('SERVICE', 'DIGITAL', 'FINISHED_GOOD'),
    kind.product_type <> 'RAW_MATERIAL',
    CASE WHEN n % 10 = 0 THEN ARRAY['bestseller', category.slug] ELSE ARRAY[category.slug] END,
    jsonb_build_object('size', kind.sizes[n / 20 % 5 + 1], 'variant', kind.variants[n / 100 % 5 + 1]),
    CASE WHEN n / 20 % 10 > 0 OR kind.product_type IN ('SERVICE', 'DIGITAL') THEN '{}'
        WHEN $1::uuid = '01930000-0000-7000-8000-000000000001' THEN jsonb_build_object('weight_kg', (n % 97 + 1) * 0.05 || '',
            'storage', (ARRAY['dry', 'cool', 'outdoors'])[n % 3 + 1], 'shelf', 'A-' || n / 20 + 1, 'is_fragile', n % 7 = 0)
        ELSE jsonb_build_object('weight_kg', (n % 97 + 1) * 0.05 || '',
            'storage', (ARRAY['dry', 'cool', 'outdoors'])[n % 3 + 1]) END
FROM generate_series(0, CASE WHEN $2::int = 0 THEN 499 ELSE 999 END) AS n
JOIN (VALUES
    (0, 'HB', 'Hex bolt', 'COMPONENT', 'Fasteners', 'EA',
        '{M5x20,M6x30,M8x40,M10x60,M12x80}'::text[], '{zinc plated,stainless A2,stainless A4,black oxide,galvanized}'::text[]),
    (1, 'HN', 'Hex nut', 'COMPONENT', 'Fasteners', 'EA',
        '{M5,M6,M8,M10,M12}', '{zinc plated,stainless A2,stainless A4,brass,self-locking}'),
    (2, 'FW', 'Flat washer', 'COMPONENT', 'Fasteners', 'HUNDRED',
        '{M5,M6,M8,M10,M12}', '{zinc plated,stainless A2,stainless A4,brass,nylon}'),
    (3, 'WS', 'Wood screw', 'PHYSICAL_GOOD', 'Fasteners', 'BOX',
        '{3.5x30,4x40,4.5x50,5x60,6x80}', '{yellow zinc,stainless A2,countersunk,pan head,torx}'),
    (4, 'AN', 'Wall anchor', 'PHYSICAL_GOOD', 'Fasteners', 'PACK',
        '{6 mm,8 mm,10 mm,12 mm,14 mm}', '{nylon,steel,drywall,hollow brick,fire rated}'),
    (5, 'DB', 'Drill bit', 'PHYSICAL_GOOD', 'Tools', 'EA',
        '{3 mm,4 mm,6 mm,8 mm,10 mm}', '{HSS,HSS-E cobalt,carbide,SDS-plus,wood brad point}'),
    (6, 'CW', 'Combination wrench', 'PHYSICAL_GOOD', 'Tools', 'EA',
        '{8 mm,10 mm,13 mm,17 mm,19 mm}', '{standard,long,ratchet,stubby,insulated}'),
    (7, 'CD', 'Cutting disc', 'PHYSICAL_GOOD', 'Tools', 'EA',
        '{115 mm,125 mm,150 mm,180 mm,230 mm}', '{steel,stainless,stone,diamond,aluminium}'),
    (8, 'SH', 'Sheet', 'RAW_MATERIAL', 'Raw materials', 'M2',
        '{0.5 mm,1 mm,1.5 mm,2 mm,3 mm}', '{steel DC01,steel S235,stainless 1.4301,aluminium 5754,copper}'),
    (9, 'RB', 'Round bar', 'RAW_MATERIAL', 'Raw materials', 'M',
        '{8 mm,10 mm,16 mm,20 mm,30 mm}', '{steel C45,steel 42CrMo4,stainless 1.4305,aluminium 6082,brass}'),
    (10, 'GR', 'Granulate', 'RAW_MATERIAL', 'Raw materials', 'KG',
        '{natural,white,black,grey,blue}', '{PP,PE-HD,ABS,PA6 GF30,POM}'),
    (11, 'CA', 'Cable', 'PHYSICAL_GOOD', 'Electrical', 'M',
        '{2x0.75,3x1.5,3x2.5,5x1.5,5x2.5}', '{NYM-J,H05VV-F,H07RN-F,NYY-J,ÖLFLEX}'),
    (12, 'CB', 'Circuit breaker', 'PHYSICAL_GOOD', 'Electrical', 'EA',
        '{6 A,10 A,16 A,20 A,32 A}', '{B 1-pole,C 1-pole,B 3-pole,C 3-pole,D 3-pole}'),
    (13, 'PS', 'Proximity sensor', 'COMPONENT', 'Electrical', 'EA',
        '{M8,M12,M18,M30,40x40}', '{inductive PNP,inductive NPN,capacitive,magnetic,analog}'),
    (14, 'GM', 'Gear motor', 'FINISHED_GOOD', 'Electrical', 'EA',
        '{0.12 kW,0.25 kW,0.55 kW,1.1 kW,2.2 kW}', '{helical,bevel,worm,planetary,with brake}'),
    (15, 'PA', 'Paint', 'PHYSICAL_GOOD', 'Paints and chemicals', 'L',
        '{RAL 1003,RAL 3020,RAL 5010,RAL 7016,RAL 9010}', '{acrylic matt,acrylic gloss,alkyd,epoxy,primer}'),
    (16, 'CL', 'Cleaner', 'PHYSICAL_GOOD', 'Paints and chemicals', 'BOTTLE',
        '{250 ml,500 ml,1 l,5 l,10 l}', '{universal,brake,contact,stainless,citrus}'),
    (17, 'BX', 'Folding box', 'PHYSICAL_GOOD', 'Packaging', 'PACK',
        '{200x150x100,300x200x150,400x300x200,500x400x300,600x400x400}', '{single wall,double wall,white,printed,recycled}'),
    (18, 'SV', 'Service hour', 'SERVICE', 'Services', 'H',
        '{junior,standard,senior,expert,weekend}', '{assembly,maintenance,calibration,training,consulting}'),
    (19, 'DL', 'CAD library', 'DIGITAL', 'Services', 'EA',
        '{1 seat,5 seats,10 seats,25 seats,100 seats}', '{fasteners,profiles,pneumatics,electrical,gears}')
) AS kind (number, prefix, name, product_type, category, unit, sizes, variants) ON kind.number = n % 20
JOIN product.category category ON category.organization_id = $1::uuid AND category.category_type = 'PRODUCT'
    AND category.parent_id IS NULL AND category.name = kind.category
JOIN product.unit_of_measure unit ON unit.code = kind.unit
WHERE $2::int = 0 OR NOT EXISTS (SELECT FROM product.product WHERE organization_id = $1::uuid)
ORDER BY n
ON CONFLICT DO NOTHING
