/** The samples of an operation above its parameters: curl and Python, with the page's own address. */
export const samples = {
  wrapComponents: {
    /** @type {import("./swagger.d.ts").Wrapped<{pathMethod: string[]}>} */
    parameters: (Original, system) => (props) => {
      const { React } = system;
      const make = React.createElement;
      const [isPython, choose] = React.useState(false);
      const operation = system.specSelectors.specJson().getIn(["paths", ...props.pathMethod]);
      const given = operation?.get("x-codeSamples")?.toJS() ?? [];
      if (given.length === 0) return make(Original, props);
      const shown = given[isPython ? 1 : 0];
      const address = new URL(".", document.baseURI).href.replace(/\/$/u, "");
      /** @param {import("./swagger.d.ts").Sample} sample @param {number} index */
      const button = (sample, index) => make("button", {
        key: sample.label,
        type: "button",
        className: "sample-tab",
        "aria-pressed": String((index === 1) === isPython),
        onClick: () => choose(index === 1),
      }, sample.label);
      return make("div", null,
        make("div", { className: "samples" },
          make("div", { className: "sample-tabs" }, given.map(button)),
          make("pre", { tabIndex: 0 }, make("code", null, shown.source.replaceAll("http://localhost:8000", address)))),
        make(Original, props));
    },
  },
};
