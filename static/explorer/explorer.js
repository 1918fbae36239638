// The API's schema as a page; everything comes from this portal, proofs that are typed in are forgotten with the page.
(() => {
  const root = document.documentElement;
  const place = document.getElementById("explorer");
  // What Swagger UI calls the theme that the console has chosen.
  const follow = () => root.classList.toggle("dark-mode", root.dataset.bsTheme === "dark");
  follow();
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    defaultModelRendering: "model",
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    validatorUrl: null,
  });
  document.querySelector("[data-toggle-theme]").addEventListener("click", () => {
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.bsTheme);
    follow();
  });
})();
