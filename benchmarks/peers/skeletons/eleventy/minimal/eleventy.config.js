import settings from "./settings.js";

export default async function (config) {
  config.addPassthroughCopy({ static: "/" });
  config.addGlobalData("site", settings);
  config.addFilter("day", (date) => date.toISOString().slice(0, 10));
  config.addCollection("posts", (api) => api.getFilteredByGlob("content/posts/*.md"));
  config.addCollection("newest", (api) =>
    api.getFilteredByGlob("content/posts/*.md").reverse(),
  );
  await settings.extend(config);
  return {
    dir: { input: "content", includes: "../_includes" },
    markdownTemplateEngine: false,
    htmlTemplateEngine: "njk",
  };
}
