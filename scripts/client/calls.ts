// What `make test-client` compiles and runs: the document's three calls by types that were generated from the schema.
import createClient from "openapi-fetch";
import type { components, paths } from "./portal.js";

type Call = components["schemas"]["Call"];

const [baseUrl, token] = process.argv.slice(2);
const portal = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

const assigned = await portal.GET("/api/v2/assign-number");
if (assigned.error) throw new Error(assigned.error.code);
console.log(`${assigned.data.extension} ${assigned.data.phone_number}`);

const listed = await portal.GET("/api/v2/call-recording", { params: { query: { limit: 3, answered: "true" } } });
if (listed.error) throw new Error(listed.error.code);
const lines = listed.data.map((call: Call) => `${call.call_direction} ${call.call_from} ${call.call_to} ${call.bill_duration}`);
console.log(lines.join("\n"));

const again = await portal.GET("/api/v2/call-recording", {
  params: { query: { limit: 3, answered: "true" }, header: { "If-None-Match": listed.response.headers.get("ETag") ?? "" } },
});
console.log(again.response.status);

const placed = await portal.POST("/api/v2/call-link", {
  params: { header: { "Idempotency-Key": "try-client" } },
  body: { source_number: "2762087784", destination_number: "2403019517", mode: "callback" },
});
// The codes of an endpoint are known to the compiler: a misspelt one would not compile.
if (placed.error) throw new Error(placed.error.code === "call_limit_reached" ? "too many calls" : placed.error.detail);
console.log(`${placed.data.status} ${placed.data.id}`);
