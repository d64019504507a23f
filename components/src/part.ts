/** Part of a name that never changes: children are called `<component>-<part>`. */
export interface Part<Inputs> {
  readonly part: string;
  readonly inputs: Inputs;
}
