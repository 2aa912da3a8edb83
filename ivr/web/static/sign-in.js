const form = document.getElementById("form");
const said = document.getElementById("said");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  try {
    const response = await fetch("/api/sign-in", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Object.fromEntries(new FormData(form))),
    });
    if (response.ok) {
      location.href = "/";
    } else {
      said.textContent = said.dataset.refused;
      form.code.value = "";
      form.code.focus();
    }
  } catch {
    said.textContent = said.dataset.away;
  }
});
