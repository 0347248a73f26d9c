import { feedPlugin } from "@11ty/eleventy-plugin-rss";
import settings from "./settings.js";

const bySlug = (a, b) => (a.slug < b.slug ? -1 : 1);

function countTags(posts, slugify) {
  const found = new Map();
  for (const post of posts) {
    for (const name of post.data.tags) {
      if (!found.has(name)) found.set(name, { name, slug: slugify(name), posts: [] });
      found.get(name).posts.push(post);
    }
  }
  return [...found.values()].sort(bySlug);
}

function linkNeighbours(posts) {
  posts.forEach((post, index) => {
    post.data.older = posts[index + 1];
    post.data.newer = posts[index - 1];
  });
  return posts;
}

export default async function (config) {
  config.addPassthroughCopy({ static: "/" });
  config.addGlobalData("site", settings);
  config.addFilter("day", (date) => date.toISOString().slice(0, 10));
  config.addCollection("posts", (api) => api.getFilteredByGlob("content/posts/*.md"));
  config.addCollection("newest", (api) =>
    linkNeighbours(api.getFilteredByGlob("content/posts/*.md").reverse()),
  );
  config.addCollection("tagList", (api) =>
    countTags(
      api.getFilteredByGlob("content/posts/*.md").reverse(),
      config.getFilter("slugify"),
    ),
  );
  config.addPlugin(feedPlugin, {
    type: "atom",
    outputPath: "/feed.xml",
    collection: { name: "posts", limit: 20 },
    metadata: {
      language: settings.language,
      title: settings.title,
      base: settings.base_url,
      author: { name: settings.author },
    },
  });
  await settings.extend(config);
  return {
    dir: { input: "content", includes: "../_includes" },
    markdownTemplateEngine: false,
    htmlTemplateEngine: "njk",
  };
}
