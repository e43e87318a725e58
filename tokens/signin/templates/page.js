
(function () {
  "use strict";
  function all(selector, act) {
    Array.prototype.forEach.call(document.querySelectorAll(selector), act);
  }

  // Times are in UTC. People read their own; the title keeps the other.
  all("time", function (element) {
    var at = new Date(element.dateTime);
    if (!isNaN(at)) {
      element.title = element.textContent;
      element.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    }
  });

  all("button.copy", function (button) {
    var field = document.getElementById(button.dataset.copy);
    var words = button.textContent;
    var said = document.getElementById("said");
    function copied() {
      button.textContent = said.textContent = "Copied";
      setTimeout(function () {
        button.textContent = words;
        said.textContent = "";
      }, 2000);
    }
    // Where there is no clipboard, as without TLS, browsers copy what is selected.
    function copySelected() {
      if (field.select) {
        field.select();
      } else {
        getSelection().selectAllChildren(field);
      }
      if (document.execCommand("copy")) {
        copied();
      }
    }
    button.hidden = false;
    button.addEventListener("click", function () {
      if (!navigator.clipboard) {
        copySelected();
        return;
      }
      navigator.clipboard.writeText(field.value || field.textContent).then(copied, copySelected);
    });
  });

  // What is open stays open when the page loads itself again.
  var key = "open " + location.pathname;
  try {
    (sessionStorage.getItem(key) || "").split(" ").forEach(function (id) {
      var element = id && document.getElementById(id);
      if (element) {
        element.open = true;
      }
    });
    all("details[id]", function (element) {
      element.addEventListener("toggle", function () {
        var open = [];
        all("details[id][open]", function (other) {
          open.push(other.id);
        });
        sessionStorage.setItem(key, open.join(" "));
      });
    });
  } catch (e) {
    // A browser may keep nothing.
  }

  // Loading again takes the focus away, so the page waits for people at a keyboard.
  function busy() {
    var at = document.activeElement;
    return document.hidden || String(getSelection()) !== "" || at && at !== document.body && at.matches("input, :focus-visible");
  }
  var seconds = Number(document.body.dataset.refresh);
  if (seconds) {
    setInterval(function () {
      if (document.body.dataset.insist || !busy()) {
        location.reload();
      }
    }, seconds * 1000);
  }
})();
