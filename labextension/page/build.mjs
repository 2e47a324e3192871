/**
 * Bundles the page into `jupyter_collab/page_static`: files named by their content, each also as `.gz`, and a
 * `manifest.json` that says which of them the page's HTML names. Wants `npm run build:lib` before it.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { gzipSync } from 'node:zlib';

import { rspack } from '@rspack/core';

const here = fileURLToPath(new URL('.', import.meta.url));
const output = fileURLToPath(new URL('../../jupyter_collab/page_static', import.meta.url));

/** Packages that are wanted together or not at all: one file each rather than many. */
const together = (name, pattern) => ({ name, test: pattern, chunks: 'async', enforce: true });

const config = {
  mode: 'production',
  target: ['web', 'es2022'],
  context: here,
  entry: { page: './main.ts' },
  output: {
    path: output,
    filename: '[name].[contenthash:16].js',
    chunkFilename: '[name].[contenthash:16].js',
    cssFilename: '[name].[contenthash:16].css',
    cssChunkFilename: '[name].[contenthash:16].css',
    assetModuleFilename: 'asset.[contenthash:16][ext]',
    // The page may be below any path: chunks are where the bundle is.
    publicPath: 'auto'
  },
  resolve: {
    extensions: ['.ts', '.js'],
    extensionAlias: { '.js': ['.ts', '.js'] },
    fallback: { path: false, fs: false, process: false, url: false, 'source-map-js': false }
  },
  module: {
    rules: [
      {
        test: /\.ts$/,
        loader: 'builtin:swc-loader',
        options: { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } },
        type: 'javascript/auto'
      },
      { test: /\.m?js$/, resolve: { fullySpecified: false } },
      { test: /\.css$/, type: 'css' },
      { test: /\.svg$/, issuer: /\.js$/, type: 'asset/source' },
      { test: /\.svg$/, issuer: /\.css$/, type: 'asset/inline' },
      { test: /\.(woff2?|ttf|png)$/, type: 'asset/resource' }
    ]
  },
  optimization: {
    splitChunks: {
      cacheGroups: {
        default: false,
        defaultVendors: false,
        math: together('math', /node_modules[\\/](mathjax-full|mj-context-menu|mhchemparser|speech-rule-engine)[\\/]/),
        markdown: together('markdown', /node_modules[\\/](marked[^\\/]*|@jupyterlab[\\/]markedparser-extension)[\\/]/)
      }
    }
  },
  // MathJax asks for its own folder where it is not bundled, and JupyterLab writes its fonts' addresses in an old way.
  ignoreWarnings: [/"__dirname" is used/, /starts with '~' is deprecated/],
  performance: false,
  devtool: false
};

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const stats = await new Promise((resolve, reject) => {
  rspack(config).run((error, result) => (error ? reject(error) : resolve(result)));
});
const { errors, warnings, assets, modules, entrypoints, namedChunkGroups } = stats.toJson({
  all: false,
  errors: true,
  warnings: true,
  assets: true,
  modules: true,
  nestedModules: true,
  modulesSpace: Infinity,
  nestedModulesSpace: Infinity,
  entrypoints: true,
  chunkGroups: true,
  ids: true
});
for (const problem of [...errors, ...warnings]) {
  process.stderr.write(`${problem.message}\n`);
}
if (errors.length > 0 || warnings.length > 0) {
  process.exit(1);
}

/** The folders of the packages in the bundle, by the packages' names: of each there may be one. */
const folders = new Map();
for (const { nameForCondition: path } of modules.flatMap(({ modules: inner, ...module }) => [
  module,
  ...(inner ?? [])
])) {
  const [, folder, name] = /^(.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))/.exec(path ?? '') ?? [];
  if (folder !== undefined) {
    folders.set(name, new Set(folders.get(name)).add(folder));
  }
}
const doubled = [...folders].filter(([, places]) => places.size > 1);
if (doubled.length > 0 || !folders.has('yjs')) {
  process.stderr.write(`More than one copy of: ${doubled.map(([name]) => name).join(', ')}\n`);
  process.exit(1);
}

const names = group => group.assets.map(asset => asset.name);
const manifest = { page: names(entrypoints.page), room: names(namedChunkGroups.room) };
writeFileSync(join(output, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);
for (const name of readdirSync(output).filter(file => /\.(js|css|svg)$/.test(file))) {
  writeFileSync(join(output, `${name}.gz`), gzipSync(readFileSync(join(output, name)), { level: 9 }));
}
process.stdout.write(`the page: ${assets.length} files, ${modules.length} modules\n`);
