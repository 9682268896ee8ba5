/** The path in the line of an operation is plain text: the line is a button, which holds no link. */
export const summary = {
  wrapComponents: {
    /** @type {import("./swagger.d.ts").Wrapped<{path?: string, text: string}>} */
    DeepLink: (Original, system) => (props) => {
      const make = system.React.createElement;
      // the path of a group has one part, that of an operation two
      if (!props.path?.includes("/")) return make(Original, props);
      return make("span", { className: "nostyle" }, props.text);
    },
  },
};
