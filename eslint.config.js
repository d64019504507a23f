import eslintPlugin from 'eslint-plugin-eslint-plugin';
import keyturn from '@keyturn/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores([
    '**/dist/',
    '**/.cache/',
    'examples/demo/before/',
    '**/fixtures/',
    'test/corpus/',
    'test/rehearse-apps/',
  ]),
  tseslint.configs.strict,
  tseslint.configs.stylistic,
  keyturn.configs.recommended,
  {
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      eqeqeq: 'error',
      'no-console': 'off',
    },
  },
  {
    files: ['lint-rules/src/rules/*.ts'],
    ignores: ['**/*.test.ts'],
    plugins: { 'eslint-plugin': eslintPlugin },
    rules: {
      'eslint-plugin/report-message-format': ['error', '^[^a-z].*\\.$'],
    },
  },
);
