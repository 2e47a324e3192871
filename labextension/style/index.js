import './pane.css';
import './carets.css';
import './panel.css';
import './bind.css';
import './ownkernel.css';
import './share.css';
