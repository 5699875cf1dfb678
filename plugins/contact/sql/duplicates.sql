-- Other contacts that share something with contact $1 of organization $2: an e-mail address if $3, a telephone number if $4;
-- $5 of them at most, those that share both first. Not in the order of names, which whoever asks may not be allowed to read.
WITH shared AS MATERIALIZED (
    SELECT contact_id, bool_or(is_email) AS by_email, bool_or(NOT is_email) AS by_phone
    FROM (
        SELECT o.contact_id, true AS is_email
        FROM contact.email_address e
        JOIN contact.email_address o ON o.organization_id = e.organization_id AND o.email_key = e.email_key
        WHERE $3::boolean AND e.organization_id = $2::uuid AND e.contact_id = $1::uuid
        UNION ALL
        SELECT o.contact_id, false
        FROM contact.phone_number e
        JOIN contact.phone_number o ON o.organization_id = e.organization_id AND o.number = e.number
        WHERE $4::boolean AND e.organization_id = $2::uuid AND e.contact_id = $1::uuid
    ) AS found
    WHERE contact_id <> $1::uuid
    GROUP BY contact_id
)
SELECT c.id, c.first_name, c.last_name, s.by_email, s.by_phone
FROM shared s JOIN contact.contact c ON c.organization_id = $2::uuid AND c.id = s.contact_id AND c.deleted_at IS NULL
ORDER BY (s.by_email AND s.by_phone) DESC, c.id
LIMIT $5::integer
