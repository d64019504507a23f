/** The package of the ESLint rules. */
export const plugin = '@keyturn/eslint-plugin';
