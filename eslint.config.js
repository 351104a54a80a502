import tseslint from 'typescript-eslint'

const impure = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'process', 'console', 'performance', 'crypto']
const clockAndChance = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Take `now` as an argument.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take `now` as an argument.' },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Take chance as an argument.' },
]

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '**/node_modules/**', 'examples/**', 'coverage/**'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.js', '*.cjs'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/require-await': 'off', // an async function may satisfy an interface without waiting
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/core/**/*.ts', 'src/spec/**/*.ts', 'src/api/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', ...impure], 'no-restricted-syntax': ['error', ...clockAndChance] },
  },
  {
    files: ['src/runtime/**/*.ts', 'src/registry/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...clockAndChance] }, // the loops take Clock and random from their ports
  },
  {
    files: ['src/**/*.ts', 'scalers/**/*.ts', 'connectors/**/*.ts'],
    ignores: ['src/cli/**', 'src/local/**'],
    rules: {
      'no-restricted-properties': ['error',
        { object: 'process', property: 'env', message: 'Only src/cli reads the environment.' },
        { object: 'process', property: 'exit', message: 'Only src/cli ends the process.' }],
    },
  },
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs'], ...tseslint.configs.disableTypeChecked },
)
