
(function () {
  "use strict";
  var response = location.hash.slice(1);
  if (!response) {
    return;
  }
  history.replaceState(null, "", location.pathname);
  var form = document.getElementById("response");
  new URLSearchParams(response).forEach(function (value, name) {
    var field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = value;
    form.appendChild(field);
  });
  document.getElementById("idle").hidden = true;
  form.hidden = false;
  document.title = "Finishing the sign-in";
  HTMLFormElement.prototype.submit.call(form);
})();
