/** The filter finds operations by path, name or summary; Swagger UI's own finds groups alone. */
export const filter = {
  fn: {
    /** @param {import("./swagger.d.ts").Groups} groups @param {string} phrase */
    opsFilter: (groups, phrase) => {
      const wanted = phrase.toLowerCase();
      /** @param {import("./swagger.d.ts").Map} one */
      const fits = (one) => [
        one.get("path"),
        one.getIn(["operation", "operationId"]),
        one.getIn(["operation", "summary"]),
      ].some((text) => typeof text === "string" && text.toLowerCase().includes(wanted));
      return groups
        .map((group, name) => (
          name.includes(wanted) ? group : group.update("operations", (all) => all.filter(fits))
        ))
        .filter((group) => group.get("operations").size > 0);
    },
  },
};
