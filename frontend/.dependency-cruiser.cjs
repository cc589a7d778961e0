/**
 * Who may import whom on the page: routes > features > live > access > api > lib, and components > lib.
 * Features never know each other; what draws never knows the API.
 */
module.exports = {
  forbidden: [
    {
      name: "features-do-not-import-each-other",
      severity: "error",
      from: { path: "^src/features/([^/]+)/" },
      to: { path: "^src/features/", pathNot: "^src/features/$1/" },
    },
    {
      name: "components-and-lib-do-not-know-the-api",
      severity: "error",
      from: { path: "^src/(components|lib)/", pathNot: "\\.test\\.tsx?$" },
      to: { path: "^src/(api|access|live|features|routes|testing)/" },
    },
    {
      name: "lib-draws-nothing",
      severity: "error",
      from: { path: "^src/lib/" },
      to: { path: "^src/components/" },
    },
    {
      name: "api-is-below-all-that-draws",
      severity: "error",
      from: { path: "^src/api/" },
      to: { path: "^src/(components|access|live|features|routes)/" },
    },
    {
      name: "live-is-below-features",
      severity: "error",
      from: { path: "^src/live/" },
      to: { path: "^src/(features|routes)/" },
    },
    {
      name: "access-is-below-live",
      severity: "error",
      from: { path: "^src/access/" },
      to: { path: "^src/(live|features|routes)/" },
    },
    {
      name: "only-main-imports-routes",
      severity: "error",
      from: { path: "^src/(features|live|access|api|components|lib)/" },
      to: { path: "^src/routes/" },
    },
    {
      name: "the-product-does-not-import-test-code",
      severity: "error",
      from: { pathNot: "(\\.test\\.tsx?$|^src/testing/)" },
      to: { path: "^src/testing/" },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: "(\\.d\\.ts$|\\.test\\.tsx?$|^src/main\\.tsx$|^src/testing/)" },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".js", ".css", ".d.ts"] },
  },
};
