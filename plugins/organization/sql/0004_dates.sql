-- SPDX-License-Identifier: MIT
-- organization, step 4: outside of effective_date and end_date an organization is like one that is inactive. Its days are
-- those of its time zone: rbac is told of the moments at which they begin and end.

CREATE OR REPLACE FUNCTION organization.tell_rbac() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM rbac.remove_organization(OLD.id);
    ELSE
        PERFORM rbac.put_organization(NEW.id, NEW.parent_id, NEW.status = 'active', NEW.name,
                                      NEW.effective_date::timestamp AT TIME ZONE NEW.timezone,
                                      (NEW.end_date + 1)::timestamp AT TIME ZONE NEW.timezone);
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER tell_rbac ON organization.organization;
CREATE TRIGGER tell_rbac
    AFTER INSERT OR DELETE OR UPDATE OF name, status, parent_id, effective_date, end_date, timezone
    ON organization.organization
    FOR EACH ROW EXECUTE FUNCTION organization.tell_rbac();

-- Of those that are there already. Row-level security hides them from the owner of the table, too.
ALTER TABLE organization.organization NO FORCE ROW LEVEL SECURITY;
SELECT rbac.put_organization(id, parent_id, status = 'active', name,
                             effective_date::timestamp AT TIME ZONE timezone,
                             (end_date + 1)::timestamp AT TIME ZONE timezone)
FROM organization.organization WHERE effective_date IS NOT NULL OR end_date IS NOT NULL;
ALTER TABLE organization.organization FORCE ROW LEVEL SECURITY;
