#!/bin/sh
# certificats.sh DOSSIER HOTE COMPTE...
# Une autorité de certification (une fois par DOSSIER) et un certificat par COMPTE, en PEM : COMPTE.key, COMPTE.crt,
# COMPTE.keystore.pem (clé, certificat, autorité : ce que lit un broker). Le CN est le nom du compte et rien d’autre.
# HOTE : nom ou adresse que les clients utilisent, pour les certificats de brokers (kafka).
set -eu
umask 077
dossier=$1 hote=$2
shift 2
mkdir -p "$dossier"
cd "$dossier"
courbe="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
# shellcheck disable=SC2086
[ -f ca.key ] || openssl req -x509 $courbe -keyout ca.key -out ca.crt -days "${JOURS_AUTORITE:-1825}" -subj "/CN=autorite-kafka" 2>/dev/null
case $hote in
*[!0-9.]*) nom="DNS:$hote" ;;
*) nom="IP:$hote" ;;
esac
for compte; do
	# shellcheck disable=SC2086
	openssl req $courbe -keyout "$compte.key" -out "$compte.csr" -subj "/CN=$compte" 2>/dev/null
	if [ "$compte" = kafka ]; then
		printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$nom" >"$compte.ext"
	else
		printf 'extendedKeyUsage=clientAuth\n' >"$compte.ext"
	fi
	openssl x509 -req -in "$compte.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days "${JOURS:-90}" \
		-extfile "$compte.ext" -out "$compte.crt" 2>/dev/null
	cat "$compte.key" "$compte.crt" ca.crt >"$compte.keystore.pem"
	rm "$compte.csr" "$compte.ext"
done
