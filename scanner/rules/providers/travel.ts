import { declare } from "../declare.ts"
import { jwt } from "../forms.ts"

/** Travel and events. */
export default declare([
  {
    id: "aviationstack-api-key",
    of: "AviationStack",
    at: "aviationstack.com",
    mentioned: "aviation stack",
    secret: "[a-z0-9]{32}",
  },
  {
    id: "duffel-api-token",
    of: "Duffel",
    a: "API token",
    at: "https://app.duffel.com/",
    entropy: 2,
    secret: String.raw`duffel_(?:test|live)_(?i)[a-z0-9_\-=]{43}`,
    bare: true,
    keywords: ["duffel_"],
  },
  { id: "flightapi-api-key", of: "FlightApi", at: "flightapi.io", mentioned: "flight api", secret: "[a-z0-9]{24}" },
  { id: "flightlabs-api-key", of: "FlightLabs", at: "goflightlabs.com", mentioned: "flight labs", secret: jwt },
  { id: "impala-api-key", of: "Impala", at: "impala.travel", mentioned: "impala", secret: "[a-z0-9_]{46}" },
  {
    id: "ticket-tailor-api-key",
    of: "Ticket Tailor",
    at: "tickettailor.com",
    mentioned: "ticket tailor",
    secret: "sk_[0-9]{4}_[0-9]{6}_[a-f0-9]{32}",
  },
  {
    id: "ticketmaster-api-key",
    of: "TicketMaster",
    at: "ticketmaster.com",
    mentioned: "ticket master",
    secret: "[a-z0-9]{32}",
  },
  {
    id: "travelpayouts-api-key",
    of: "TravelPayouts",
    at: "travelpayouts.com",
    mentioned: "travel payouts",
    secret: "[a-z0-9]{32}",
  },
])
