// A form for a JSON Schema document: one field for each value, kinds as a choice. Empty means default.

/**
 * The parts of a JSON Schema that make a form.
 * @typedef {object} Schema
 * @property {string} [$ref]
 * @property {Record<string, Schema>} [$defs]
 * @property {string} [type]
 * @property {Record<string, Schema>} [properties]
 * @property {Schema} [items]
 * @property {Schema[]} [oneOf]
 * @property {Schema[]} [anyOf]
 * @property {unknown[]} [enum]
 * @property {string} [const]
 * @property {unknown} [default]
 * @property {string} [description]
 */

/**
 * Reads what somebody entered, undefined for nothing; writes a value into its fields.
 * @typedef {{read: () => unknown, write: (value: unknown) => void}} Part
 */

/** Builds the parts of a form, and shows problems at the fields that they belong to. */
export class SchemaForm {
  /** @param {Schema} root @param {() => void} onChange */
  constructor(root, onChange) {
    this.root = root;
    this.onChange = onChange;
    /** @type {Record<string, {id: string, name: string}[]>} */
    this.choices = {};
  }

  /**
   * Adds a field for a property of the root to a place.
   * @param {HTMLElement} place @param {string} name @returns {Part}
   */
  add(place, name) {
    return this.part(place, this.root.properties?.[name] ?? {}, name, `/${name}`);
  }

  /** Follows references and drops null from a choice. @param {Schema} schema @returns {Schema} */
  resolve(schema) {
    if (schema.$ref) return { ...this.root.$defs?.[schema.$ref.split("/").pop() ?? ""], default: schema.default };
    const forms = (schema.anyOf ?? []).filter((one) => one.type !== "null");
    if (forms.length === 0) return schema;
    // of several forms the first is for people, such as a number beside a range
    return { ...this.resolve(forms[0]), default: schema.default, description: schema.description ?? forms[0].description };
  }

  /** @param {HTMLElement} place @param {Schema} given @param {string} name @param {string} pointer @returns {Part} */
  part(place, given, name, pointer) {
    const schema = this.resolve(given);
    if (schema.oneOf?.every((one) => one.$ref)) return this.choice(place, schema, name, pointer);
    if (schema.properties) return this.object(place, schema, pointer);
    return this.field(place, schema, name, pointer);
  }

  /** @param {HTMLElement} place @param {Schema} schema @param {string} pointer @returns {Part} */
  object(place, schema, pointer) {
    /** @type {Record<string, Part>} */
    const parts = {};
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      if (name !== "kind") parts[name] = this.part(place, inner, name, `${pointer}/${name}`);
    }
    return {
      read: () => {
        const entries = Object.entries(parts).map(([name, part]) => [name, part.read()]);
        const given = entries.filter(([, value]) => value !== undefined);
        return given.length > 0 ? Object.fromEntries(given) : undefined;
      },
      write: (value) => Object.entries(parts).forEach(([name, part]) => part.write(property(value, name))),
    };
  }

  /** A kind, and the fields of that kind. @param {HTMLElement} place @param {Schema} schema @param {string} name @param {string} pointer @returns {Part} */
  choice(place, schema, name, pointer) {
    const kinds = new Map((schema.oneOf ?? []).map((one) => {
      const resolved = this.resolve(one);
      return /** @type {const} */ ([kindOf(resolved), resolved]);
    }));
    const select = document.createElement("select");
    for (const kind of kinds.keys()) select.add(new Option(words(kind), kind));
    const label = this.labelled(place, select, { title: words(name) }, `${pointer}/kind`);
    const inner = document.createElement("div");
    inner.className = "fields";
    place.append(inner);
    /** @type {Part} */
    let part = { read: () => undefined, write: () => undefined };
    const build = () => {
      inner.replaceChildren();
      const chosen = kinds.get(select.value);
      label.textContent = chosen?.description?.split("\n")[0] ?? "";
      part = this.object(inner, chosen ?? {}, pointer);
    };
    const usual = property(schema.default, "kind");
    if (usual) select.value = String(usual);
    build();
    select.addEventListener("change", () => {
      build();
      this.onChange();
    });
    return {
      read: () => {
        const fields = part.read();
        if (select.value === usual && fields === undefined) return undefined;
        return { kind: select.value, .../** @type {object | undefined} */ (fields) };
      },
      write: (value) => {
        select.value = String(property(value, "kind") ?? usual ?? select.options[0].value);
        build();
        part.write(value);
      },
    };
  }

  /** @param {HTMLElement} place @param {Schema} schema @param {string} name @param {string} pointer @returns {Part} */
  field(place, schema, name, pointer) {
    const options = this.choices[name];
    const values = schema.enum ?? (schema.type === "boolean" ? [true, false] : undefined);
    const input = options || values ? document.createElement("select") : document.createElement("input");
    if (input instanceof HTMLSelectElement) {
      input.add(new Option(options ? "Choose …" : `default${schema.default === undefined ? "" : ` (${plain(schema.default)})`}`, ""));
      for (const one of options ?? []) input.add(new Option(one.name, one.id));
      for (const one of values ?? []) input.add(new Option(plain(one), String(one)));
    } else {
      input.type = "text";
      if (schema.type === "integer") input.inputMode = "numeric";
      if (schema.type === "number") input.inputMode = "decimal";
      input.placeholder = plain(schema.default);
    }
    this.labelled(place, input, { title: words(name), hint: schema.description }, pointer);
    input.addEventListener("input", () => this.onChange());
    return {
      read: () => (input.value.trim() === "" ? undefined : parsed(input.value.trim(), schema)),
      write: (value) => {
        const isDefault = value === undefined || value === null || plain(value) === plain(schema.default);
        input.value = isDefault ? "" : typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : plain(value);
      },
    };
  }

  /** @param {HTMLElement} place @param {HTMLElement} input @param {{title: string, hint?: string}} told @param {string} pointer */
  labelled(place, input, told, pointer) {
    const field = document.createElement("div");
    field.className = "field";
    const label = document.createElement("label");
    label.textContent = told.title;
    input.id = label.htmlFor = `field${pointer.replaceAll("/", "-")}`;
    input.dataset.pointer = pointer;
    const hint = document.createElement("span");
    hint.className = "hint";
    hint.id = `${input.id}-hint`;
    tell(hint, told.hint?.split("\n").join(" ") ?? "");
    input.setAttribute("aria-describedby", hint.id);
    const problem = document.createElement("span");
    problem.className = "problem";
    field.append(label, input, hint, problem);
    place.append(field);
    return hint;
  }
}

/** Letters of a hint that stand below a field; the sentences after the first one of a longer hint unfold. */
const SHORT_HINT = 130;

/** Writes a hint, whose code stands between backticks. @param {HTMLElement} place @param {string} text */
function tell(place, text) {
  const end = text.length > SHORT_HINT ? text.indexOf(". ") + 1 : 0;
  if (end === 0) {
    place.replaceChildren(...marked(text));
    return;
  }
  const more = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = "More";
  more.append(summary, ...marked(text.slice(end + 1)));
  place.replaceChildren(...marked(text.slice(0, end)), more);
}

/** Texts and code elements of a text with backticks. @param {string} text */
const marked = (text) => text.split("`").map((part, i) => {
  if (i % 2 === 0) return part;
  const code = document.createElement("code");
  code.textContent = part;
  return code;
});

/**
 * Shows problems at their fields and returns those that belong to none.
 * @param {HTMLElement} form @param {{pointer: string, detail: string}[]} problems
 */
export function showProblems(form, problems) {
  for (const input of form.querySelectorAll("[data-pointer]")) {
    input.removeAttribute("aria-invalid");
    const place = input.parentElement?.querySelector(".problem");
    if (place) place.textContent = "";
  }
  return problems.filter((one) => {
    const input = form.querySelector(`[data-pointer="${CSS.escape(one.pointer)}"]`);
    const place = input?.parentElement?.querySelector(".problem");
    if (!input || !place) return true;
    input.setAttribute("aria-invalid", "true");
    place.textContent = one.detail;
    return false;
  });
}

/** @param {Schema} schema */
function kindOf(schema) {
  const kind = schema.properties?.kind;
  return kind?.const ?? kind?.anyOf?.find((one) => one.const)?.const ?? "";
}

/** @param {string} text @param {Schema} schema @returns {unknown} */
function parsed(text, schema) {
  if (schema.type === "boolean") return text === "true";
  if (schema.type === "array") {
    return text.split(",").map((one) => one.trim()).filter(Boolean).map((one) => parsed(one, schema.items ?? {}));
  }
  if (schema.type === "integer" || schema.type === "number") {
    if (text.startsWith("{")) return orText(text);
    return Number.isNaN(Number(text)) ? text : Number(text);
  }
  return schema.type === "object" || schema.properties ? orText(text) : text;
}

/** @param {string} text @returns {unknown} */
function orText(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A value as a field shows it. @param {unknown} value */
function plain(value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A property of what may be an object. @param {unknown} value @param {string} name @returns {unknown} */
const property = (value, name) =>
  (typeof value === "object" && value !== null ? /** @type {Record<string, unknown>} */ (value)[name] : undefined);

/** A name in words. @param {string} name */
export const words = (name) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
