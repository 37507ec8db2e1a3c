// unsubscribe.js - the page behind the link in a message. Opening it changes nothing (mail programs open
// links by themselves); the button does.
const query = new URLSearchParams(location.search);
const state = document.getElementById("etat");
const button = document.getElementById("confirmer");

async function unsubscribe() {
  button.disabled = true;
  const contact = encodeURIComponent(query.get("contact") ?? "");
  try {
    const answer = await fetch(`/v1/contacts/${contact}/unsubscribe`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: query.get("token") ?? "" }),
    });
    if (answer.ok) {
      state.textContent = "C’est fait : plus rien ne sera envoyé à cette adresse.";
      button.hidden = true;
      return;
    }
    state.textContent = answer.status < 500
      ? "Ce lien n’est pas valable. Ouvrez-le depuis le message, en entier."
      : "Le service ne répond pas. Réessayez dans quelques minutes.";
  } catch {
    state.textContent = "Le service ne répond pas. Réessayez dans quelques minutes.";
  }
  button.disabled = false;
}

button.addEventListener("click", unsubscribe);
