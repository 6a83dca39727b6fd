#!/bin/sh
# certificats.sh DOSSIER HOTE COMPTE...
# Une autorité de certification (une fois par DOSSIER) et un certificat par COMPTE, en PEM : COMPTE.key, COMPTE.crt,
# COMPTE.keystore.pem (clé, certificat, autorité : ce que lit un broker). Le CN est le nom du compte et rien d’autre.
# kafka, le compte des brokers : un certificat par nœud, dans DOSSIER/HOTE avec ca.crt ; HOTE est le nom ou l’adresse
# (IPv4 ou IPv6, sans crochets) que les clients utilisent. Pour les autres comptes HOTE est « - ».
# Rien de ce qui existe n’est remplacé, sauf avec RENOUVELER=oui.
set -eu
umask 077
refuser() {
	echo "certificats.sh : $1" >&2
	exit 2
}
[ $# -ge 3 ] || refuser "attendu : DOSSIER HOTE COMPTE..."
dossier=$1 hote=$2
shift 2
case $hote in
'' | .* | *[!A-Za-z0-9.:-]*) refuser "hôte refusé : $hote" ;;
*:*) nom="IP:$hote" ;;
*[!0-9.]*) nom="DNS:$hote" ;;
*) nom="IP:$hote" ;;
esac
for compte; do
	case $compte in
	'' | *[!a-z0-9-]*) refuser "compte refusé : $compte (minuscules, chiffres et tirets)" ;;
	kafka) [ "$hote" != - ] || refuser "le certificat d’un broker demande son hôte" ;;
	esac
done
mkdir -p "$dossier"
cd "$dossier"
courbe="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
# shellcheck disable=SC2086
[ -f ca.crt ] || openssl req -x509 $courbe -keyout ca.key -out ca.crt -days "${JOURS_AUTORITE:-1825}" -subj "/CN=autorite-kafka" 2>/dev/null
for compte; do
	lieu=. usage='extendedKeyUsage=clientAuth'
	if [ "$compte" = kafka ]; then
		lieu=$hote usage="subjectAltName=$nom
extendedKeyUsage=serverAuth,clientAuth"
		mkdir -p "$lieu"
		cp ca.crt "$lieu/ca.crt"
	fi
	base=$lieu/$compte
	if [ -f "$base.keystore.pem" ] && [ "${RENOUVELER:-}" != oui ]; then
		echo "$base : existe déjà, gardé (RENOUVELER=oui le remplace)" >&2
		continue
	fi
	# l’ancien reste entier jusqu’à ce que le nouveau soit prêt
	# shellcheck disable=SC2086
	openssl req $courbe -keyout "$base.key.nouveau" -out "$base.csr" -subj "/CN=$compte" 2>/dev/null
	echo "$usage" >"$base.ext"
	openssl x509 -req -in "$base.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "${JOURS:-90}" \
		-extfile "$base.ext" -out "$base.crt.nouveau" 2>/dev/null
	mv "$base.key.nouveau" "$base.key"
	mv "$base.crt.nouveau" "$base.crt"
	cat "$base.key" "$base.crt" ca.crt >"$base.keystore.nouveau"
	mv "$base.keystore.nouveau" "$base.keystore.pem"
	rm "$base.csr" "$base.ext"
done
