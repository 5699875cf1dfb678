-- SPDX-License-Identifier: MIT
-- product, step 1: units of measure (shared by all), categories (a tree), products.
-- Row-level security, policies and grants are made by the host from the declarations in plugin.c.

CREATE TABLE product.unit_of_measure (
    id         uuid        NOT NULL DEFAULT alees.new_id(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    updated_by uuid,
    version    integer     NOT NULL DEFAULT 1,
    code       text        NOT NULL,
    name       text        NOT NULL,
    uom_type   text        NOT NULL,
    symbol     text        NOT NULL DEFAULT '',
    factor     numeric,
    is_active  boolean     NOT NULL DEFAULT true,
    PRIMARY KEY (id),
    UNIQUE (code),
    UNIQUE (name),
    CHECK (uom_type IN ('COUNT', 'MASS', 'LENGTH', 'AREA', 'VOLUME', 'TIME', 'ENERGY', 'DATA', 'PACKAGE', 'OTHER')),
    CHECK (factor > 0)
);

-- factor: how many of the type's base unit (EA, KG, M, M2, L, S, KWH, BYTE) one of this is; NULL: cannot be converted.
INSERT INTO product.unit_of_measure (code, name, uom_type, symbol, factor) VALUES
    ('EA',     'Each',             'COUNT',   'ea',   1),
    ('PAIR',   'Pair',             'COUNT',   'pr',   2),
    ('DOZEN',  'Dozen',            'COUNT',   'doz',  12),
    ('HUNDRED', 'Hundred',         'COUNT',   '',     100),
    ('THOUSAND', 'Thousand',       'COUNT',   '',     1000),
    ('KG',     'Kilogram',         'MASS',    'kg',   1),
    ('G',      'Gram',             'MASS',    'g',    0.001),
    ('MG',     'Milligram',        'MASS',    'mg',   0.000001),
    ('T',      'Tonne',            'MASS',    't',    1000),
    ('LB',     'Pound',            'MASS',    'lb',   0.45359237),
    ('OZ',     'Ounce',            'MASS',    'oz',   0.028349523125),
    ('M',      'Metre',            'LENGTH',  'm',    1),
    ('MM',     'Millimetre',       'LENGTH',  'mm',   0.001),
    ('CM',     'Centimetre',       'LENGTH',  'cm',   0.01),
    ('KM',     'Kilometre',        'LENGTH',  'km',   1000),
    ('IN',     'Inch',             'LENGTH',  'in',   0.0254),
    ('FT',     'Foot',             'LENGTH',  'ft',   0.3048),
    ('YD',     'Yard',             'LENGTH',  'yd',   0.9144),
    ('MI',     'Mile',             'LENGTH',  'mi',   1609.344),
    ('M2',     'Square metre',     'AREA',    'm²',   1),
    ('CM2',    'Square centimetre', 'AREA',   'cm²',  0.0001),
    ('HA',     'Hectare',          'AREA',    'ha',   10000),
    ('FT2',    'Square foot',      'AREA',    'ft²',  0.09290304),
    ('L',      'Litre',            'VOLUME',  'l',    1),
    ('ML',     'Millilitre',       'VOLUME',  'ml',   0.001),
    ('M3',     'Cubic metre',      'VOLUME',  'm³',   1000),
    ('GAL',    'US gallon',        'VOLUME',  'gal',  3.785411784),
    ('FLOZ',   'US fluid ounce',   'VOLUME',  'fl oz', 0.0295735295625),
    ('S',      'Second',           'TIME',    's',    1),
    ('MIN',    'Minute',           'TIME',    'min',  60),
    ('H',      'Hour',             'TIME',    'h',    3600),
    ('DAY',    'Day',              'TIME',    'd',    86400),
    ('WEEK',   'Week',             'TIME',    'wk',   604800),
    ('MONTH',  'Month',            'TIME',    'mo',   NULL),
    ('YEAR',   'Year',             'TIME',    'a',    NULL),
    ('KWH',    'Kilowatt hour',    'ENERGY',  'kWh',  1),
    ('BYTE',   'Byte',             'DATA',    'B',    1),
    ('MB',     'Megabyte',         'DATA',    'MB',   1000000),
    ('GB',     'Gigabyte',         'DATA',    'GB',   1000000000),
    ('BOX',    'Box',              'PACKAGE', 'box',  NULL),
    ('PACK',   'Pack',             'PACKAGE', 'pk',   NULL),
    ('CARTON', 'Carton',           'PACKAGE', 'ctn',  NULL),
    ('PALLET', 'Pallet',           'PACKAGE', 'plt',  NULL),
    ('ROLL',   'Roll',             'PACKAGE', 'roll', NULL),
    ('BAG',    'Bag',              'PACKAGE', 'bag',  NULL),
    ('BOTTLE', 'Bottle',           'PACKAGE', 'btl',  NULL),
    ('SET',    'Set',              'PACKAGE', 'set',  NULL);

CREATE TABLE product.category (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL DEFAULT alees.new_id(),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      uuid,
    updated_by      uuid,
    version         integer     NOT NULL DEFAULT 1,
    name            text        NOT NULL,
    slug            text        NOT NULL DEFAULT '',
    description     text        NOT NULL DEFAULT '',
    parent_id       uuid,
    category_type   text        NOT NULL DEFAULT 'PRODUCT',
    is_active       boolean     NOT NULL DEFAULT true,
    custom_fields   jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    UNIQUE NULLS NOT DISTINCT (organization_id, category_type, parent_id, name),
    FOREIGN KEY (organization_id) REFERENCES rbac.organization (id),
    FOREIGN KEY (organization_id, parent_id) REFERENCES product.category (organization_id, id),
    CHECK (parent_id <> id),
    CHECK (category_type IN ('PRODUCT', 'CONTACT', 'ORGANIZATION', 'ASSET', 'EXPENSE', 'OTHER'))
);

CREATE INDEX ON product.category (organization_id, name, id);
CREATE INDEX ON product.category (organization_id, parent_id);

CREATE TABLE product.product (
    organization_id      uuid        NOT NULL,
    id                   uuid        NOT NULL DEFAULT alees.new_id(),
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    created_by           uuid,
    updated_by           uuid,
    version              integer     NOT NULL DEFAULT 1,
    name                 text        NOT NULL,
    sku                  text        NOT NULL,
    description          text        NOT NULL DEFAULT '',
    product_type         text        NOT NULL DEFAULT 'PHYSICAL_GOOD',
    category_id          uuid,
    status               text        NOT NULL DEFAULT 'draft',
    base_uom_id          uuid        NOT NULL,
    is_inventory_tracked boolean     NOT NULL DEFAULT true,
    is_purchasable       boolean     NOT NULL DEFAULT true,
    is_sellable          boolean     NOT NULL DEFAULT true,
    tags                 text[]      NOT NULL DEFAULT '{}',
    attributes           jsonb       NOT NULL DEFAULT '{}',
    custom_fields        jsonb       NOT NULL DEFAULT '{}',
    PRIMARY KEY (organization_id, id),
    UNIQUE (id),
    UNIQUE (organization_id, sku),
    FOREIGN KEY (organization_id) REFERENCES rbac.organization (id),
    FOREIGN KEY (organization_id, category_id) REFERENCES product.category (organization_id, id),
    FOREIGN KEY (base_uom_id) REFERENCES product.unit_of_measure (id),
    CHECK (product_type IN ('PHYSICAL_GOOD', 'SERVICE', 'DIGITAL', 'RAW_MATERIAL', 'COMPONENT', 'FINISHED_GOOD')),
    CHECK (status IN ('draft', 'active', 'discontinued', 'end_of_life'))
);

-- Lists are read organization by organization: each index begins with it and ends with the id that breaks ties.
CREATE INDEX ON product.product (organization_id, name, id);
CREATE INDEX ON product.product (organization_id, created_at, id);
CREATE INDEX ON product.product (organization_id, status, id);
CREATE INDEX ON product.product (organization_id, category_id);
-- Deleting a unit of measure asks who refers to it, in any organization.
CREATE INDEX ON product.product (base_uom_id);
