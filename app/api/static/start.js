/* Draws the OpenAPI document with Swagger UI and the changes of ours in the other files. */

import { errors } from "./errors.js";
import { filter } from "./filter.js";
import { keepNamed } from "./names.js";
import { samples } from "./samples.js";
import { summary } from "./summary.js";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  displayOperationId: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  filter: true,
  tryItOutEnabled: false,
  validatorUrl: null,
  plugins: [() => samples, () => errors, () => filter, () => summary],
});
keepNamed(/** @type {Element} */ (document.querySelector("#swagger-ui")));
