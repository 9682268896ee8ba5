/** An error among the answers of an operation is one line until its example is asked for.
 *
 * An operation has about ten of them, and their examples would be most of the page.
 */
export const errors = {
  wrapComponents: {
    /** @type {import("./swagger.d.ts").Wrapped<{code: string, response: {get: (name: "description") => string}}>} */
    response: (Original, system) => (props) => {
      const { React } = system;
      const make = React.createElement;
      const [isShown, show] = React.useState(Number(props.code) < 400);
      if (isShown) return make(Original, props);
      const Markdown = system.getComponent("Markdown", true);
      return make("tr", { className: "response", "data-code": props.code },
        make("td", { className: "response-col_status" }, props.code),
        make("td", { className: "response-col_description error-line" },
          make(Markdown, { source: props.response.get("description") }),
          make("button", {
            type: "button",
            className: "btn",
            "aria-label": `Show an example of ${props.code}`,
            onClick: () => show(true),
          }, "Example")));
    },
  },
};
