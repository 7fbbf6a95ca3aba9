import {defineConfig, type Plugin} from "vite";

// dagre's file is a script that declares a variable, as the page of `netspec graph` needs it.
const dagre: Plugin = {
  name: "dagre",
  transform: (code, id) => (id.endsWith("/dagre.min.js") ? {code: `${code}\nexport default dagre;`, map: null} : null),
};

export default defineConfig({
  base: "./",
  plugins: [dagre],
  resolve: {alias: {"@picture": new URL("../../netspec/render/pictures/browser", import.meta.url).pathname}},
  build: {
    outDir: "../../netspec/edit/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    reportCompressedSize: true,
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
});
