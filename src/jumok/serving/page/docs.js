"use strict";
const element = (name, text, parent) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
};
const headers = () => {
  const token = document.getElementById("token").value;
  return token ? { authorization: `Bearer ${token}` } : {};
};

async function load() {
  const answer = await fetch("/openapi.json", { headers: headers() });
  if (!answer.ok) {
    document.getElementById("models").textContent = (await answer.json()).error;
    return;
  }
  const models = (await (await fetch("/models", { headers: headers() })).json()).models;
  document.getElementById("models").textContent = models.map((one) => `${one.name}: ${one.summary ?? ""}`).join(" · ");
  const routes = document.getElementById("routes");
  routes.replaceChildren();
  for (const [path, methods] of Object.entries((await answer.json()).paths))
    for (const [method, about] of Object.entries(methods)) routes.append(route(path, method, about, models));
}

function route(path, method, about, models) {
  const box = document.createElement("details"), line = element("summary", undefined, box);
  element("b", method.toUpperCase(), line).className = "method";
  element("code", path, line);
  element("p", about.description ?? about.summary ?? "", box);
  const content = about.requestBody?.content?.["application/json"];
  if (content?.schema?.properties) options(content.schema.properties, box);
  tryOut(path, method, about, models, box);
  box.open = path === "/predict";
  return box;
}

function options(properties, box) {
  const table = element("table", undefined, box);
  for (const [name, one] of Object.entries(properties)) {
    const row = element("tr", undefined, table);
    element("code", name, element("td", undefined, row));
    element("td", one.description ?? "", row);
  }
}

function tryOut(path, method, about, models, box) {
  const content = about.requestBody?.content?.["application/json"];
  const form = element("form", undefined, box);
  let name, body;
  if (path.includes("{model}")) {
    name = element("select", undefined, element("label", "Model: ", form));
    for (const one of models) element("option", one.name, name);
  }
  if (method === "post" && content) {
    const examples = Object.entries(content.examples ?? {});
    body = element("textarea", undefined, form);
    body.value = examples.length ? JSON.stringify(examples[0][1].value, null, 1) : "{}";
    body.setAttribute("aria-label", "Body");
    for (const [label, one] of examples) {
      const button = element("button", label, form);
      button.type = "button";
      button.onclick = () => {
        body.value = JSON.stringify(one.value, null, 1);
        if (name) name.value = label.slice(0, label.lastIndexOf(" "));
      };
    }
  }
  let file;
  if (about.requestBody?.content?.["multipart/form-data"]) {
    file = element("input", undefined, element("label", "Or a file, for a model of one input: ", form));
    file.type = "file";
  }
  element("button", "Send", form);
  const result = element("pre", undefined, box);
  form.onsubmit = async (submitted) => {
    submitted.preventDefault();
    const sent = { method: method.toUpperCase(), headers: headers() };
    if (file?.files.length) {
      sent.body = new FormData();
      sent.body.append("file", file.files[0]);
    } else if (body) Object.assign(sent, { body: body.value, headers: { ...headers(), "content-type": "application/json" } });
    result.textContent = "…";
    try {
      const answer = await fetch(path.replace("{model}", encodeURIComponent(name?.value ?? "")), sent);
      result.textContent = `${answer.status}\n${await answer.text()}`;
    } catch (error) {
      result.textContent = String(error);
    }
  };
}

document.getElementById("token").onchange = load;
load();
