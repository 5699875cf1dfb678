-- SPDX-License-Identifier: MIT
-- What did this user do? Asked over all organizations, that was a look at every entry there is.

CREATE INDEX entry_user ON audit.entry (user_id, id);
