/** The configuration of each bundle: one script without a hash in its name, one style sheet. */
import vue from '@vitejs/plugin-vue'

/**
 * @param {string} entry @param {string} name @param {'es' | 'iife'} format @param {string} outDir
 * @returns {import("vite").InlineConfig}
 */
export function bundle(entry, name, format, outDir) {
  return {
    configFile: false,
    root: import.meta.dirname,
    logLevel: 'warn',
    plugins: [vue({ isProduction: true })],
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
      minify: true,
      reportCompressedSize: false,
      rolldownOptions: { checks: { pluginTimings: false } },
      lib: { entry, name: 'Holdfast', formats: [format], fileName: () => `${name}.js`, cssFileName: name },
    },
  }
}
