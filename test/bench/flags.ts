/** What `parse` gives. Prints the help and ends for `--help`; ends with 2 and a sentence for options that are not there. */
export function flagsOf<T extends { readonly help?: boolean }>(help: string, parse: () => { readonly values: T }): T {
  const values = valuesOf(parse);
  if (values.help === true) {
    console.log(help);
    process.exit(0);
  }
  return values;
}

function valuesOf<T>(parse: () => { readonly values: T }): T {
  try {
    return parse().values;
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
