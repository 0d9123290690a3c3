import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import prettierRecommended from 'eslint-plugin-prettier/recommended';
import globals from 'globals';
import jupyterPlugin from '@jupyter/eslint-plugin';

const typescript = ['**/*.ts', '**/*.tsx'];

export default defineConfig([
  {
    ignores: [
      '**/node_modules',
      '**/lib',
      '**/labextension',
      '**/*.js',
      '**/*.d.ts',
      '.venv',
      'coverage',
      'jupyter_extension',
      'ui-tests'
    ]
  },
  { files: typescript, extends: [js.configs.recommended] },
  { files: typescript, extends: [tseslint.configs.recommended] },
  { plugins: { jupyter: jupyterPlugin } },
  jupyterPlugin.configs.recommended,
  {
    files: typescript,
    languageOptions: {
      globals: { ...globals.browser, ...globals.es2020 },
      parserOptions: {
        project: ['tsconfig.json', 'tsconfig.test.json'],
        sourceType: 'module'
      }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/no-use-before-define': 'off',
      // Activation needs these at once: the panel is restored with the layout,
      // commands and toolbar items are there before the first notebook.
      'jupyter/prefer-lazy-imports': [
        'warn',
        {
          ignoreImports: [
            '../api',
            './api',
            './commands',
            './drafts',
            './notebooks',
            './panel',
            './project',
            './stream',
            './toolbar'
          ]
        }
      ],
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'no-console': ['error', { allow: ['warn', 'error'] }],
      'prefer-arrow-callback': 'error'
    }
  },
  {
    // What tests make up is not shown to anyone.
    files: ['src/**/__tests__/**'],
    rules: { 'jupyter/no-untranslated-string': 'off' }
  },
  { files: typescript, extends: [prettierRecommended] }
]);
