// app.js - the start page: the directory of pôles and the latest publications, live.
import { html, render, useState } from "/vendor/htm-preact-standalone.js";

const SHOWN = 12; // publications on the page
const RETRY_MS = 3000; // after an answer from which the browser does not come back by itself
const dates = new Intl.DateTimeFormat("fr-FR", { dateStyle: "long", timeZone: "Europe/Paris" });
const clock = new Intl.DateTimeFormat("fr-FR", { hour: "numeric", minute: "2-digit", timeZone: "Europe/Paris" });

// Reads JSON, or throws the problem's detail.
async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.detail || answer.statusText);
  return body;
}

// All pages of a list.
async function getAll(path) {
  const items = [];
  for (let after = ""; after !== undefined; ) {
    const page = await get(`${path}${after && `?after=${encodeURIComponent(after)}`}`);
    items.push(...page.items);
    after = page.next;
  }
  return items;
}

const typo = (text) => (text || "").replace(/'/g, "’"); // data has typewriter apostrophes
const getList = async (name) => (await get(`/v1/${name}`)).items.map((item) => ({ ...item, label: typo(item.label) }));
const byCode = (items) => Object.fromEntries(items.map((item) => [item.code, item.label]));
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[-'’\s]+/g, " ").trim().toLowerCase();
const labels = (codes, names) => (codes || []).map((code) => names[code] || code);
const isWeb = (url) => /^https?:\/\//i.test(url || "");

// What the page shows. It changes here and nowhere else; every change draws the page again. (No effects: in
// Preact 10.5 they are lost now and then when a component draws before they ran, 1 of 40 loads seen here.)
const state = {
  network: { loading: true },
  publications: { items: [], loading: true, live: "wait" },
};

function change(part, values) {
  state[part] = { ...state[part], ...values };
  draw();
}

// What both parts need: the lists' labels and the pôles.
async function loadNetwork() {
  try {
    const [themes, regions, departements, kinds, poles] = await Promise.all([
      getList("themes"), getList("regions"), getList("departements"), getList("kinds"), getAll("/v1/poles"),
    ]);
    change("network", { loading: false, error: undefined, poles, themeList: themes, regionList: regions,
      themes: byCode(themes), regions: byCode(regions), departements: byCode(departements), kinds: byCode(kinds) });
  } catch (error) {
    change("network", { loading: false, error: state.network.poles ? undefined : error.message });
  }
}

// Publications, newest first: those there are, then each as it comes.
async function loadPublications() {
  try {
    const page = await get(`/v1/publications?state=published&limit=${SHOWN}`);
    const isFresh = (item) => state.publications.items.some((old) => old.publication === item.publication && old.fresh);
    change("publications", { loading: false, error: undefined, items: page.items.map((item) => ({ ...item, fresh: isFresh(item) })) });
  } catch (error) {
    change("publications", { loading: false, error: state.publications.items.length ? undefined : error.message });
  }
}

function put(publication) {
  const { items } = state.publications;
  const known = items.find((item) => item.publication === publication.publication);
  if (known && known.version > publication.version) return;
  const shown = { ...publication, fresh: known ? known.fresh : publication.state === "published" };
  change("publications", { items: known ? items.map((item) => (item === known ? shown : item)) : [shown, ...items].slice(0, SHOWN) });
}

function follow() {
  const ofPublications = ["publication.published", "publication.changed", "publication.cancelled"];
  const ofPoles = ["pole.labelled", "pole.updated"];
  const live = (now) => change("publications", { live: now });
  const source = new EventSource(`/v1/stream?types=${[...ofPublications, ...ofPoles].join(",")}`);
  source.onopen = () => { live("open"); loadPublications(); };
  source.onerror = () => {
    live("lost");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, RETRY_MS);
  };
  source.addEventListener("waiting", () => live("lost"));
  source.addEventListener("live", () => { live("open"); loadPublications(); });
  ofPublications.forEach((type) => source.addEventListener(type, (event) => put(JSON.parse(event.data).data)));
  ofPoles.forEach((type) => source.addEventListener(type, loadNetwork));
}

const Failed = ({ what, detail, again }) => html`<div class="notice bad" role="alert">
  <span>${what} ${detail && html`<span class="quiet">(${detail})</span>`}</span>
  <button type="button" onClick=${again}>Réessayer</button></div>`;

const LIVE = { wait: "Connexion…", open: "En direct", lost: "Connexion perdue, nouvel essai…" };

// "9 h", "9 h 30": no line break inside, no zero in front.
function hour(date) {
  const [hours, minutes] = clock.format(date).split(":");
  return `${Number(hours)}\u00a0h${minutes === "00" ? "" : `\u00a0${minutes}`}`;
}

function when(publication) {
  if (publication.starts_at) {
    const date = new Date(publication.starts_at);
    return `Le ${dates.format(date)} à ${hour(date)}`;
  }
  const at = publication.published_at || publication.created_at;
  return at ? `Publié le ${dates.format(new Date(at))}` : "";
}

function Publication({ item, network }) {
  const kinds = network.kinds || {};
  const pole = (network.poles || []).find((one) => one.code === item.pole);
  const cancelled = item.state === "cancelled";
  return html`<li class=${`card ${item.fresh ? "new" : ""} ${cancelled ? "cancelled" : ""}`} data-publication=${item.publication}>
    <ul class="tags">
      <li class="tag strong">${kinds[item.kind] || item.kind}</li>
      ${item.fresh && html`<li class="tag good">Nouveau</li>`}
      ${cancelled && html`<li class="tag bad">Annulé</li>`}
      ${pole && pole.demonstration && html`<li class="tag bad">Démonstration</li>`}
    </ul>
    <h3>${isWeb(item.url) ? html`<a href=${item.url} rel="noopener">${typo(item.title)}</a>` : typo(item.title)}</h3>
    ${item.summary && html`<p class="text">${typo(item.summary)}</p>`}
    <p class="foot">${[pole ? typo(pole.name) : item.pole, when(item), typo(item.place)].filter(Boolean).join(" · ")}</p>
  </li>`;
}

function Publications({ state, load, network }) {
  const { items, loading, error, live } = state;
  return html`<section id="publications" class="band" aria-labelledby="titre-publications"><div class="wrap">
    <div class="head"><h2 id="titre-publications">Dernières publications</h2>
      <span id="live" class=${`live ${live}`} role="status">${LIVE[live]}</span></div>
    ${error && html`<${Failed} what="Les publications ne peuvent pas être lues pour le moment." detail=${error} again=${load} />`}
    ${loading && html`<p class="quiet">Chargement…</p>`}
    ${!loading && !error && items.length === 0 && html`<p class="notice">Aucune publication pour l’instant. La première s’affichera ici dès sa parution.</p>`}
    <ul class="list" aria-live="polite" aria-relevant="additions">
      ${items.map((item) => html`<${Publication} key=${item.publication} item=${item} network=${network} />`)}
    </ul></div></section>`;
}

function Pole({ item, network }) {
  const place = [item.city, network.departements[item.departement], network.regions[item.region]];
  return html`<li class="card" data-pole=${item.code}>
    ${(item.demonstration || item.state === "suspended" || item.state === "ended") && html`<ul class="tags">
      ${item.demonstration && html`<li class="tag bad">Démonstration</li>`}
      ${item.state === "suspended" && html`<li class="tag bad">Label suspendu</li>`}
      ${item.state === "ended" && html`<li class="tag">Label terminé</li>`}
    </ul>`}
    <h3>${typo(item.name)}</h3>
    <p class="where">${[...new Set(place.filter(Boolean))].join(", ") || "Lieu non précisé"}</p>
    ${item.full_name && item.full_name !== item.name && html`<p class="text">${typo(item.full_name)}</p>`}
    <ul class="tags">${labels(item.themes, network.themes).map((label) => html`<li class="tag">${label}</li>`)}</ul>
    ${item.labelled_since && html`<p class="foot">Labellisé depuis ${item.labelled_since.slice(0, 4)}</p>`}
  </li>`;
}

const Choice = ({ id, label, all, items, value, set }) => html`<label for=${id}>${label}
  <select id=${id} value=${value} onChange=${(event) => set(event.target.value)}>
    <option value="">${all}</option>
    ${items.map((item) => html`<option value=${item.code}>${item.label}</option>`)}
  </select></label>`;

function counted(count, all) {
  if (count === 0) return "Aucun pôle ne correspond.";
  const some = `${count} pôle${count > 1 ? "s" : ""}`;
  return count === all ? `${some} dans le réseau.` : `${some} sur ${all}.`;
}

function Directory({ network, load }) {
  const [text, setText] = useState("");
  const [theme, setTheme] = useState("");
  const [region, setRegion] = useState("");
  const poles = network.poles || [];
  const found = poles.filter((pole) =>
    (!theme || pole.themes.includes(theme)) && (!region || pole.region === region) &&
    fold([pole.name, pole.full_name, pole.city, pole.code, network.departements[pole.departement]].join(" ")).includes(fold(text)));
  const used = (network.regionList || []).filter((item) => poles.some((pole) => pole.region === item.code));
  const clear = () => { setText(""); setTheme(""); setRegion(""); };
  return html`<section id="annuaire" class="wrap" aria-labelledby="titre-annuaire">
    <div class="head"><h2 id="titre-annuaire">Annuaire des pôles</h2></div>
    ${network.loading && html`<p class="quiet">Chargement…</p>`}
    ${network.error && html`<${Failed} what="L’annuaire ne peut pas être lu pour le moment." detail=${network.error} again=${load} />`}
    ${network.poles && html`
      <form class="filters" role="search" aria-label="Chercher un pôle" onSubmit=${(event) => event.preventDefault()}>
        <label for="q">Chercher<input id="q" type="search" placeholder="Nom, ville, département…" value=${text} onInput=${(event) => setText(event.target.value)} /></label>
        <${Choice} id="theme" label="Thème" all="Tous les thèmes" items=${network.themeList} value=${theme} set=${setTheme} />
        <${Choice} id="region" label="Région" all="Toutes les régions" items=${used} value=${region} set=${setRegion} />
        <button type="button" onClick=${clear} disabled=${!text && !theme && !region}>Effacer</button>
      </form>
      <p class="count" role="status">${counted(found.length, poles.length)}</p>
      <ul class="list">${found.map((item) => html`<${Pole} key=${item.code} item=${item} network=${network} />`)}</ul>`}</section>`;
}

const place = document.getElementById("app");
place.textContent = "";

// The publications' list needs the pôles' names, so both parts share what was read.
function draw() {
  render(html`<${Publications} state=${state.publications} load=${loadPublications} network=${state.network} />
    <${Directory} network=${state.network} load=${loadNetwork} />`, place);
}

draw();
loadNetwork();
loadPublications();
follow();
