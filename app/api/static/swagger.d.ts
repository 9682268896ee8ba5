// The parts of Swagger UI, its React and its Immutable.js that our plugins use; Swagger UI ships no types.

/** What React makes of a component. */
export type Element = { readonly made: unique symbol };
export type Props = Readonly<Record<string, unknown>>;
export type Component<Given = Props> = (props: Given) => Element;
export type Child = Element | string | Child[];

interface React {
  createElement(kind: string, props: Props | null, ...children: Child[]): Element;
  createElement<Given>(kind: Component<Given>, props: Given, ...children: Child[]): Element;
  useState<Value>(start: Value): [Value, (next: Value) => void];
}

/** Swagger UI keeps the document in maps of Immutable.js. */
export interface Map {
  get(name: string): unknown;
  getIn(names: readonly string[]): unknown;
}

export interface Sample { label: string; source: string }

/** An operation of the document. */
export interface Operation extends Map {
  get(name: "x-codeSamples"): { toJS(): Sample[] } | undefined;
}

/** A group of operations on the page. */
export interface Group {
  get(name: "operations"): { readonly size: number };
  update(name: "operations", change: (all: { filter(fits: (one: Map) => boolean): unknown }) => unknown): Group;
}

/** All groups by their names. */
export interface Groups {
  map(change: (group: Group, name: string) => Group): Groups;
  filter(fits: (group: Group) => boolean): Groups;
}

export interface System {
  React: React;
  getComponent(name: "Markdown", isContainer: boolean): Component<{ source: string }>;
  specSelectors: { specJson(): { getIn(names: readonly string[]): Operation | undefined } };
}

/** A component of ours in the place of one of Swagger UI's. */
export type Wrapped<Given> = (original: Component<Given>, system: System) => Component<Given>;

declare global {
  function SwaggerUIBundle(options: Readonly<Record<string, unknown>>): void;
}
