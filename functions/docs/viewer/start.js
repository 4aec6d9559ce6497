// Starts the viewer with the document of this server. It asks no other host: no validator, no proxy. A credential is kept in
// the memory of the page only, and is gone when the page is reloaded.
SwaggerUIBundle({
  dom_id: "#viewer",
  url: "/openapi.json",
  deepLinking: true,
  persistAuthorization: false,
  queryConfigEnabled: false,
  validatorUrl: "none",
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
});
