/* SPDX-License-Identifier: MIT
 * fields.h - the fields of contacts and of their parts. Included by plugin.c only. */
#ifndef CONTACT_FIELDS_H
#define CONTACT_FIELDS_H

#include "alees/resource.h"

static const struct alees_field contact_fields[] = {
    {.name = "first_name",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .min = 1,
     .max = 100,
     .description = "Given name.",
     .example = "\"Lena\""},
    {.name = "last_name",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER | ALEES_SORT | ALEES_SEARCH | ALEES_SUBSTRING,
     .max = 100,
     .fallback = "\"\"",
     .description = "Family name.",
     .example = "\"Müller\""},
    {.name = "display_name",
     .type = ALEES_TEXT,
     .flags = ALEES_COMPUTED,
     .description = "Both names in one, as far as you may read them.",
     .example = "\"Lena Müller\""},
    {.name = "duplicates",
     .type = ALEES_JSON,
     .flags = ALEES_COMPUTED,
     .description =
         "In the answer to a create or change of one contact: the ids of up to ten others of the organization "
         "that have an e-mail address or telephone number of this one, as far as you may read those. Else "
         "null: see GET /contacts/{id}/duplicates.",
     .example = "[]",
     .schema = "{\"type\":[\"array\",\"null\"],\"maxItems\":10,\"items\":{\"type\":\"string\",\"format\":\"uuid\"}}"},
    {.name = "title",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER,
     .max = 100,
     .fallback = "\"\"",
     .description = "Position at work.",
     .example = "\"Head of purchasing\""},
    {.name = "organization_name",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER | ALEES_SEARCH | ALEES_SUBSTRING,
     .max = 255,
     .fallback = "\"\"",
     .description = "The company the person works for, as they write it.",
     .example = "\"Stark Maschinenbau\""},
    {.name = "linked_organization",
     .type = ALEES_REFERENCE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .reference = "organization.organization",
     .description = "The same company, if it is an organization here that you may view.",
     .example = "null"},
    {.name = "contact_type",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "PRIMARY|BILLING|SHIPPING|SUPPORT|SALES|OTHER",
     .fallback = "\"PRIMARY\"",
     .description = "What the person is asked about.",
     .example = "\"BILLING\""},
    {.name = "status",
     .type = ALEES_CHOICE,
     .flags = ALEES_FILTER,
     .choices = "active|inactive|do_not_contact",
     .fallback = "\"active\"",
     .description = "Whether the person may be contacted.",
     .example = "\"active\""},
    {.name = "source",
     .type = ALEES_TEXT,
     .flags = ALEES_FILTER,
     .max = 100,
     .fallback = "\"\"",
     .description = "Where the contact comes from.",
     .example = "\"trade fair\""},
    {.name = "notes",
     .type = ALEES_TEXT,
     .flags = ALEES_SEARCH,
     .fallback = "\"\"",
     .description = "Anything worth knowing.",
     .example = "\"Prefers phone calls.\""},
    {.name = "email_addresses",
     .type = ALEES_PARTS,
     .flags = ALEES_FILTER,
     .reference = "contact.email_address",
     .max = 50,
     .description = "Where to write to.",
     .example = "[{\"email\":\"lena@example.com\",\"type\":\"work\",\"is_primary\":true}]"},
    {.name = "phone_numbers",
     .type = ALEES_PARTS,
     .flags = ALEES_FILTER,
     .reference = "contact.phone_number",
     .max = 50,
     .description = "Where to call.",
     .example = "[{\"number\":\"+4930901820\",\"type\":\"work\",\"is_primary\":true}]"},
    {.name = "addresses",
     .type = ALEES_PARTS,
     .flags = ALEES_FILTER,
     .reference = "contact.address",
     .max = 50,
     .description = "Where to send to, or to visit.",
     .example = "[{\"street_address_1\":\"Unter den Linden 1\",\"city\":\"Berlin\",\"postal_code\":\"10117\","
                "\"country\":\"DE\"}]"},
    {.name = "tags",
     .type = ALEES_TAGS,
     .flags = ALEES_FILTER,
     .fallback = "[]",
     .description = "Free labels.",
     .example = "[\"newsletter\"]"},
    {.name = "custom_fields",
     .type = ALEES_JSON,
     .flags = ALEES_CUSTOM | ALEES_FILTER,
     .fallback = "{}",
     .description = "Values of custom fields, by key, as /custom-field-definitions defines them.",
     .example = "{}"},
};

#define CONTACT \
    { \
        .name = "contact", .type = ALEES_REFERENCE, .flags = ALEES_READ_ONLY, .reference = "contact.contact", \
        .description = "Whose it is.", .example = "\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\"" \
    }
#define TYPE(kinds, usual) \
    { \
        .name = "type", .type = ALEES_CHOICE, .flags = ALEES_FILTER, .choices = (kinds), .fallback = (usual), \
        .description = "What it is used for.", .example = (usual) \
    }
#define IS_PRIMARY \
    { \
        .name = "is_primary", .type = ALEES_BOOLEAN, .flags = ALEES_FILTER | ALEES_SINGLE, .fallback = "false", \
        .description = \
            "Whether it is the one to use first, of which a contact has one of each kind at most: making one " \
            "so unmakes the other.", \
        .example = "true" \
    }

static const struct alees_field email_address_fields[] = {
    CONTACT,
    {.name = "email",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER,
     .min = 3,
     .max = 254,
     .description = "The address, as it is given.",
     .example = "\"lena@example.com\""},
    TYPE("work|home|billing|other", "\"work\""),
    IS_PRIMARY,
};

static const struct alees_field phone_number_fields[] = {
    CONTACT,
    {.name = "number",
     .type = ALEES_TEXT,
     .flags = ALEES_REQUIRED | ALEES_FILTER,
     .min = 1,
     .max = 50,
     .description = "The number, beginning with + and the country. It becomes one without spaces, as E.164 writes it.",
     .example = "\"+4930901820\""},
    TYPE("mobile|work|home|fax|other", "\"mobile\""),
    IS_PRIMARY,
};

#define LINE(title, length, more, text, sample) \
    { \
        .name = (title), .type = ALEES_TEXT, .flags = (more), .max = (length), .fallback = "\"\"", \
        .description = (text), .example = (sample) \
    }
#define DEGREES(title, most, text, sample) \
    { \
        .name = (title), .type = ALEES_DECIMAL, .flags = ALEES_NULLABLE, .min = -(most), .max = (most), \
        .description = (text), .example = (sample) \
    }

/* ISO 3166-1 alpha-2. */
#define COUNTRIES \
    "AD|AE|AF|AG|AI|AL|AM|AO|AQ|AR|AS|AT|AU|AW|AX|AZ|BA|BB|BD|BE|BF|BG|BH|BI|BJ|BL|BM|BN|BO|BQ|BR|BS|BT|BV|" \
    "BW|BY|BZ|CA|CC|CD|CF|CG|CH|CI|CK|CL|CM|CN|CO|CR|CU|CV|CW|CX|CY|CZ|DE|DJ|DK|DM|DO|DZ|EC|EE|EG|EH|ER|ES|" \
    "ET|FI|FJ|FK|FM|FO|FR|GA|GB|GD|GE|GF|GG|GH|GI|GL|GM|GN|GP|GQ|GR|GS|GT|GU|GW|GY|HK|HM|HN|HR|HT|HU|ID|IE|" \
    "IL|IM|IN|IO|IQ|IR|IS|IT|JE|JM|JO|JP|KE|KG|KH|KI|KM|KN|KP|KR|KW|KY|KZ|LA|LB|LC|LI|LK|LR|LS|LT|LU|LV|LY|" \
    "MA|MC|MD|ME|MF|MG|MH|MK|ML|MM|MN|MO|MP|MQ|MR|MS|MT|MU|MV|MW|MX|MY|MZ|NA|NC|NE|NF|NG|NI|NL|NO|NP|NR|NU|" \
    "NZ|OM|PA|PE|PF|PG|PH|PK|PL|PM|PN|PR|PS|PT|PW|PY|QA|RE|RO|RS|RU|RW|SA|SB|SC|SD|SE|SG|SH|SI|SJ|SK|SL|SM|" \
    "SN|SO|SR|SS|ST|SV|SX|SY|SZ|TC|TD|TF|TG|TH|TJ|TK|TL|TM|TN|TO|TR|TT|TV|TW|TZ|UA|UG|UM|US|UY|UZ|VA|VC|VE|" \
    "VG|VI|VN|VU|WF|WS|YE|YT|ZA|ZM|ZW"

static const struct alees_field address_fields[] = {
    CONTACT,
    LINE("street_address_1", 255, 0, "Street and number.", "\"Unter den Linden 1\""),
    LINE("street_address_2", 255, 0, "Floor, building, care of.", "\"2nd floor\""),
    LINE("city", 100, ALEES_FILTER, "Town.", "\"Berlin\""),
    LINE("state_province", 100, 0, "State, province or region.", "\"BE\""),
    LINE("postal_code", 20, ALEES_FILTER, "Postal code.", "\"10117\""),
    {.name = "country",
     .type = ALEES_CHOICE,
     .flags = ALEES_NULLABLE | ALEES_FILTER,
     .choices = COUNTRIES,
     .description = "Country, by its two letters in ISO 3166-1.",
     .example = "\"DE\""},
    DEGREES("latitude", 90, "Degrees north of the equator; together with the longitude or not at all.", "\"52.517\""),
    DEGREES("longitude", 180, "Degrees east of Greenwich.", "\"13.3888\""),
    TYPE("billing|shipping|visiting|home|other", "\"billing\""),
    IS_PRIMARY,
};

static const struct alees_field id_parameter[] = {
    {.name = "id",
     .type = ALEES_UUID,
     .flags = ALEES_REQUIRED | ALEES_IN_PATH,
     .description = "Which contact.",
     .example = "\"019a0c1e-7c1b-7d52-9c2e-3f1f6a1d2b3c\""},
};

static const struct alees_field duplicates_response[] = {
    {.name = "results",
     .type = ALEES_JSON,
     .flags = ALEES_REQUIRED,
     .description =
         "A list: id, display_name, and reasons, of which there are email and phone_number. At most 100, those "
         "with both reasons first.",
     .example = "[{\"id\":\"019a0c1e-8d2c-7e63-8d3f-4a2a7b2e3c4d\",\"display_name\":\"Lena Müller\","
                "\"reasons\":[\"email\"]}]",
     .schema = "{\"type\":\"array\",\"maxItems\":100,\"items\":{\"type\":\"object\",\"additionalProperties\":false,"
               "\"required\":[\"id\",\"display_name\",\"reasons\"],\"properties\":{\"id\":{\"type\":\"string\","
               "\"format\":\"uuid\"},\"display_name\":{\"type\":[\"string\",\"null\"]},\"reasons\":{\"type\":\"array\","
               "\"minItems\":1,\"uniqueItems\":true,\"items\":{\"type\":\"string\",\"enum\":[\"email\",\"phone_"
               "number\"]}}}}}"},
};

#undef CONTACT
#undef TYPE
#undef IS_PRIMARY
#undef LINE
#undef DEGREES
#undef COUNTRIES

#endif
