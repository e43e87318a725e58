
HTMLFormElement.prototype.submit.call(document.getElementById("answer"));
