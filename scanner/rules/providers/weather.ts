import { declare } from "../declare.ts"

/** Weather and climate. */
export default declare([
  {
    id: "carboninterface-api-key",
    of: "CarbonInterface",
    at: "carboninterface.com",
    mentioned: "carbon interface",
    secret: "[a-z0-9]{21}",
  },
  { id: "cloverly-api-key", of: "Cloverly", at: "cloverly.com", mentioned: "cloverly", secret: "[a-z0-9:_]{28}" },
  { id: "openuv-api-key", of: "OpenUV", at: "openuv.io", mentioned: "open uv", secret: "[a-z0-9]{32}" },
  {
    id: "stormglass-api-key",
    of: "Stormglass",
    at: "stormglass.io",
    mentioned: "stormglass",
    secret:
      "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
  },
  {
    id: "visual-crossing-api-key",
    of: "Visual Crossing",
    at: "visualcrossing.com",
    mentioned: "visual crossing",
    secret: "[a-z0-9]{25}",
  },
  { id: "weatherbit-api-key", of: "Weatherbit", at: "weatherbit.io", mentioned: "weatherbit", secret: "[a-z0-9]{32}" },
  {
    id: "weatherstack-api-key",
    of: "Weatherstack",
    at: "weatherstack.com",
    mentioned: "weatherstack",
    secret: "[a-z0-9]{32}",
  },
  {
    id: "worldweather-api-key",
    of: "WorldWeather",
    at: "worldweatheronline.com",
    mentioned: "world weather",
    secret: "[a-z0-9]{31}",
  },
  {
    id: "openweather-api-key",
    of: "OpenWeather",
    at: "https://home.openweathermap.org/api_keys",
    mentioned: "open weather|openweathermap|pyowm",
    secret: "[a-f0-9]{32}",
  },
])
