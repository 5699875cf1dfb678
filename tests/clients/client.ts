// SPDX-License-Identifier: MIT
// What somebody would write who has nothing but the description: openapi-typescript has made the types from it (made/api.d.ts),
// openapi-fetch sends. It must compile under --strict, every line below a @ts-expect-error must not, and it must run.
import assert from "node:assert/strict";
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./made/api.js";

type Product = components["schemas"]["Product"];
type ProductList = components["schemas"]["ProductList"];
type Problem = components["schemas"]["Problem"];

const { BASE_URL: baseUrl, ALEES_USERNAME: username, ALEES_PASSWORD: password } = process.env;
assert(baseUrl && username && password, "run me by tests/clients/serve.sh");

const api = createClient<paths, "application/json" | "application/problem+json">({ baseUrl, querySerializer: { array: { style: "form", explode: false } } });

/** What a call that must succeed has brought; else its problem, as an error. */
function must<Data>({ data, error, response }: { data?: Data; error?: Problem; response: Response }): NonNullable<Data> {
  if (error !== undefined) {
    throw new Error(`${response.url}: ${response.status} ${error.code}: ${error.detail ?? error.title}`);
  }
  assert(response.ok && data !== undefined && data !== null);
  return data;
}

/** The problem of a call that must fail. */
function refused(status: number, { error, response }: { error?: Problem; response: Response }): Problem {
  assert.equal(response.status, status);
  assert(error !== undefined);
  assert.equal(error.status, status);
  return error;
}

function etagOf(response: Response): string {
  const etag = response.headers.get("ETag");
  assert(etag !== null && etag !== "");
  return etag;
}

async function logIn(): Promise<void> {
  const wrong = await api.POST("/api/v1/auth/login", { body: { username: username!, password: "wrong" } });
  assert.equal(refused(401, wrong).code, "bad_credentials");
  const { token } = must(await api.POST("/api/v1/auth/login", { body: { username: username!, password: password! } }));
  assert(token !== undefined);
  const bearer: Middleware = {
    onRequest: ({ request }) => {
      request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
  };
  api.use(bearer);
  assert.equal(must(await api.GET("/api/v1/auth/me")).user?.username, username);
}

async function findOrganization(): Promise<string> {
  const list = must(await api.GET("/api/v1/organizations", { params: { query: { name: "Acme", fields: ["id", "name"] } } }));
  const id = list.results?.[0]?.id;
  assert(id !== undefined && list.results?.length === 1);
  return id;
}

async function listByPages(organization: string): Promise<Product[]> {
  const found: Product[] = [];
  let cursor: string | undefined;
  do {
    const page: ProductList = must(await api.GET("/api/v1/products", {
      params: {
        query: {
          organization,
          status__in: ["active", "draft"],
          created_at__gte: "2020-01-01T00:00:00Z",
          ordering: ["-sku", "name"],
          expand: ["base_uom"],
          page_size: 2,
          ...(cursor === undefined ? {} : { cursor }),
        },
      },
    }));
    found.push(...(page.results ?? []));
    cursor = page.next ? (new URL(page.next, baseUrl).searchParams.get("cursor") ?? undefined) : undefined;
  } while (cursor !== undefined);
  return found;
}

async function readProducts(organization: string): Promise<string> {
  const products = await listByPages(organization);
  assert(products.length > 2, "more than a page");
  const skus = products.map((p) => p.sku ?? "");
  assert.deepEqual(skus, [...skus].sort().reverse());
  assert(products.every((p) => p.status === "active" || p.status === "draft"));
  const unit = products[0]?.base_uom;
  assert(unit !== undefined && typeof unit === "object" && unit !== null, "expanded");
  assert(unit.id !== undefined);
  return unit.id;
}

async function changeProduct(organization: string, unit: string): Promise<void> {
  const created = await api.POST("/api/v1/products", {
    params: { header: { "Idempotency-Key": "typescript-1" } },
    body: { organization, name: "Typed bolt", sku: "TS-1", base_uom: unit, tags: ["typed"] },
  });
  const product = must(created);
  assert.equal(created.response.status, 201);
  assert("sku" in product && product.id !== undefined);
  assert.deepEqual(product.tags, ["typed"]);
  const path = { id: product.id };

  const read = await api.GET("/api/v1/products/{id}", { params: { path } });
  assert.equal(must(read).name, "Typed bolt");
  const first = etagOf(read.response);
  const again = await api.GET("/api/v1/products/{id}", { params: { path, header: { "If-None-Match": first } }, parseAs: "text" });
  assert.equal(again.response.status, 304);

  const changed = await api.PATCH("/api/v1/products/{id}", {
    params: { path, header: { "If-Match": first } },
    body: { status: "active", category: null },
  });
  assert.equal(must(changed).status, "active");
  const stale = await api.PATCH("/api/v1/products/{id}", {
    params: { path, header: { "If-Match": first } },
    body: { name: "Lost update" },
  });
  refused(412, stale);

  const removed = await api.DELETE("/api/v1/products/{id}", {
    params: { path, header: { "If-Match": etagOf(changed.response) } },
  });
  assert.equal(removed.response.status, 204);
  assert.equal(refused(404, await api.GET("/api/v1/products/{id}", { params: { path } })).code, "not_found");
}

async function readProblems(organization: string): Promise<void> {
  const body = { organization, first_name: "Ada", last_name: "Typed", email_addresses: [{ email: "no address" }] };
  const problem = refused(422, await api.POST("/api/v1/contacts", { body }));
  assert(problem.errors !== undefined && problem.errors.length > 0);
  assert(problem.errors.some((item) => item.pointer === "/email_addresses/0/email"), JSON.stringify(problem.errors));
}

async function exportLines(organization: string): Promise<void> {
  const { data, response } = await api.GET("/api/v1/products", {
    params: { query: { organization, fields: ["sku"] } },
    headers: { Accept: "application/x-ndjson" },
    parseAs: "text",
  });
  assert.equal(response.headers.get("Content-Type")?.split(";")[0], "application/x-ndjson");
  const lines = String(data).trim().split("\n");
  assert(lines.length > 2 && lines.every((line) => "sku" in JSON.parse(line)));
}

/** Never called: the compiler must refuse each of these. */
export async function mistakes(change: components["schemas"]["ProductChange"]): Promise<void> {
  // @ts-expect-error there is no such path
  await api.GET("/api/v1/product");
  // @ts-expect-error nor such a method on it
  await api.PUT("/api/v1/products", { body: {} });
  // @ts-expect-error the id is missing
  await api.GET("/api/v1/products/{id}", {});
  // @ts-expect-error no field, no filter
  await api.GET("/api/v1/products", { params: { query: { colour: "red" } } });
  // @ts-expect-error no operator of this field
  await api.GET("/api/v1/products", { params: { query: { is_sellable__icontains: "3" } } });
  // @ts-expect-error not one of the choices
  await api.GET("/api/v1/products", { params: { query: { status: "sold" } } });
  // @ts-expect-error name and base_uom are required
  await api.POST("/api/v1/products", { body: { sku: "TS-2" } });
  // @ts-expect-error no such field
  change = { colour: "red" };
  // @ts-expect-error given by the server
  change = { created_at: "2026-01-01T00:00:00Z" };
  // @ts-expect-error another type
  change = { is_sellable: "yes" };
  // @ts-expect-error a password is never told
  must(await api.GET("/api/v1/users/{id}", { params: { path: { id: "" } } })).password;
}

await logIn();
const organization = await findOrganization();
const unit = await readProducts(organization);
await changeProduct(organization, unit);
await readProblems(organization);
await exportLines(organization);
console.log("client.ts: logged in, listed, created, read, changed, deleted, was refused");
